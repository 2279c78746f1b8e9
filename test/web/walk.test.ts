import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { ADDRESSES } from "../browser/walk.ts";
import { repositoryRoot } from "../support/root.ts";
import { pageModule } from "./page-module.ts";

const web = join(repositoryRoot, "web");

test("each view is among the addresses that are looked at for hostile texts and for accessibility", async () => {
  const { VIEWS } = await pageModule<{ VIEWS: readonly { name: string }[] }>("views/views.js");
  const visited = new Set(ADDRESSES.map((address) => address.match(/^#\/(\w+)/)?.[1] ?? ""));
  assert.deepEqual([...visited].toSorted(), VIEWS.map(({ name }) => name).toSorted());
});

test("each style sheet of the page is linked, and each that is linked is there", async () => {
  const html = await readFile(join(web, "index.html"), "utf8");
  const linked = [...html.matchAll(/<link rel="stylesheet" href="\/([^"]+)"/g)].map(([, path]) => path ?? "");
  const own = linked.filter((path) => !path.startsWith("lib/"));
  const files = await readdir(web, { recursive: true });
  assert.deepEqual(own.toSorted(), files.filter((path) => path.endsWith(".css")).toSorted());
});

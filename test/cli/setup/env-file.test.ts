import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { editEnv, readEnv } from "../../../src/cli/setup/env-file.ts";
import { needs } from "../../support/needs.ts";
import { tempDir } from "../../support/temp-dir.ts";

const cases: [title: string, before: string, after: string][] = [
  ["a variable that is there is changed in its place", "A=1\nX=old\nB=2\n", "A=1\nX=new\nB=2\n"],
  ["an exported one too", "export X=old\n", "export X=new\n"],
  ["one in quotes too", 'X="old # no comment"\n', "X=new\n"],
  ["one over several lines too", 'X="o\nl\nd"\nB=2\n', "X=new\nB=2\n"],
  ["each of several, since the last counts", "X=1\nX=2\n", "X=new\nX=new\n"],
  ["one in a comment is none", "# X=old\nA=1\n", "# X=old\nA=1\n\n# what it is\nX=new\n"],
  ["one inside of another's value is none", "A='\nX=old\n'\n", "A='\nX=old\n'\n\n# what it is\nX=new\n"],
  ["a file without an end of line gets one", "A=1", "A=1\n\n# what it is\nX=new\n"],
  ["an empty file begins with the comment", "", "\n# what it is\nX=new\n"],
  ["Windows' line ends stay", "A=1\r\nX=old\r\n", "A=1\r\nX=new\r\n"],
];
for (const [title, before, after] of cases) {
  test(title, () => {
    assert.equal(editEnv(before, [{ name: "X", value: "new", comment: "what it is" }]), after);
  });
}

test("a variable is taken out with its line, and no other", () => {
  assert.equal(editEnv("A=1\nX='a b'\nB=2 # X=3\n", [], ["X"]), "A=1\nB=2 # X=3\n");
});

test("what no .env can hold is refused", () => {
  for (const value of ["it's", "two\nlines", "nul\0", "back\\slash", "a${b}"])
    assert.equal(editEnv("", [{ name: "X", value }]), undefined);
});

test("a file with a line that would swallow the new one is left alone", () => {
  // Node 22 passes over such a line, Node 20 takes it for a part of the next name.
  const whole = "no assignment\nX=2\n";
  const expected = readEnv(whole)["X"] === "2" ? whole : undefined;
  assert.equal(editEnv("no assignment\n", [{ name: "X", value: "2" }]), expected);
});

/** What may stand in single quotes, and on a line of its own. */
const value = fc
  .string({ unit: "binary-ascii", maxLength: 40 })
  .filter((text) => !/['\r\n\0\\]|\$\{/.test(text) && text === text.trim());

test("whatever is written is read again, by Node and by a shell, and all else stays", async (t) => {
  const file = path.join(await tempDir(t), "env");
  fc.assert(
    fc.property(value, value, (one, other) => {
      const first = editEnv("KEPT='a # b'\n", [{ name: "X", value: one }]);
      assert.ok(first !== undefined);
      const second = editEnv(first, [{ name: "Y", value: other }]);
      assert.ok(second !== undefined);
      assert.deepEqual(readEnv(second), { KEPT: "a # b", X: one, Y: other });
    }),
    { numRuns: 500 },
  );
  fc.assert(
    fc.property(value, (one) => {
      writeFileSync(file, editEnv("", [{ name: "X", value: one }]) ?? "");
      const told = execFileSync("/bin/sh", ["-c", `. "${file}"; printf %s "$X"`]).toString("latin1");
      assert.equal(told, one);
    }),
    { numRuns: 60, examples: [["~"], ["~/data"], ["/srv:~"]] },
  );
});

/** The client may be there without Compose. */
const hasCompose = spawnSync("docker", ["compose", "version"]).status === 0;
const skip = needs(hasCompose, "needs docker compose");

test("Compose reads what is written, dollars and number signs too", { skip }, async (t) => {
  const dir = await tempDir(t);
  const odd = 'a$b $c #d "e" f=g';
  writeFileSync(path.join(dir, ".env"), editEnv("", [{ name: "X", value: odd }]) ?? "");
  writeFileSync(
    path.join(dir, "compose.yaml"),
    'version: "3.8"\nservices:\n  a:\n    image: none\n    environment: { X: "${X}" }\n',
  );
  const told = execFileSync("docker", ["compose", "-f", "compose.yaml", "config"], { cwd: dir }).toString();
  const [, shown] = /X: (.*)$/m.exec(told) ?? [];
  // It doubles dollars in what it shows, so that it could be read again.
  assert.equal(shown?.replace(/^'(.*)'$/, "$1").replaceAll("$$", "$"), odd);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { noBrowser, openRig, until } from "./rig.ts";
import type { Files, Rig } from "./rig.ts";
import { activity, HOSTILE_NAME, message, messages, supervisor, THREADS } from "./support.ts";

const OPTIONS = { skip: noBrowser, timeout: 60_000 };
const seed =
  (...records: object[]) =>
  async (files: Files): Promise<void> => {
    await files.put("threads.json", THREADS);
    await files.put("status/supervisor.json", supervisor());
    await files.write("messages", ...records);
  };
const bubble = ({ page }: Rig, text: string) =>
  page.locator(".bubbles > li", { has: page.getByText(text, { exact: true }) });
const BUBBLES = `document.querySelectorAll(".bubbles > li").length`;
const CHAT = `document.querySelector(".chat")`;

test("a conversation has its messages as bubbles with badges, and none of another thread", OPTIONS, async (t) => {
  const crossed = message(3, { source: "cross-thread", sourceThreadId: 9, replyTo: "what was asked" });
  const rig = await openRig(t, {
    seed: seed(
      message(1),
      message(2, { direction: "out", sender: "assistant", model: "opus", tier: "COMPLEX" }),
      crossed,
      message(4, { threadId: 1 }),
    ),
  });
  await rig.open("#/thread/5");
  await bubble(rig, "message 3").waitFor();
  assert.equal(await rig.page.locator(".bubbles > li").count(), 3);
  assert.match((await bubble(rig, "message 2").getAttribute("class")) ?? "", /is-out opus-edge/);
  const badges = await bubble(rig, "message 2").locator(".badge").allTextContents();
  assert.deepEqual(badges, ["opus", "complex"]);
  const text = (await bubble(rig, "message 3").textContent()) ?? "";
  assert.ok(
    text.includes(`from ${HOSTILE_NAME}`) && text.includes("cross-thread") && text.includes("what was asked"),
    text,
  );
});

test("what comes is shown at once, and the newest stays in sight", OPTIONS, async (t) => {
  const rig = await openRig(t, { seed: seed(...messages(0, 100)) });
  await rig.open("#/thread/5");
  await bubble(rig, "message 99").waitFor();
  await rig.write("messages", message(200, { message: "long\n".repeat(30) }), message(201));
  await bubble(rig, "message 201").waitFor();
  await until(rig.page, "its end in sight", `${CHAT}.scrollHeight - ${CHAT}.scrollTop - ${CHAT}.clientHeight < 2`);
});

test("who unfolds something stays there, and what comes waits", OPTIONS, async (t) => {
  const rig = await openRig(t, { seed: seed(...messages(0, 100)) });
  for (let n = 0; n < 30; n += 1)
    await rig.write("activity", activity("u99", "text", { timestamp: 1, detail: `step ${n}` }));
  await rig.open("#/thread/5");
  await bubble(rig, "message 99").getByRole("button", { name: "activity" }).click();
  await rig.page.getByText("step 29").first().waitFor();
  const top = await bubble(rig, "message 99").evaluate((element) => element.getBoundingClientRect().top);
  await rig.write("messages", message(200));
  await rig.page.getByRole("button", { name: "1 waiting" }).waitFor();
  assert.equal(await bubble(rig, "message 99").evaluate((element) => element.getBoundingClientRect().top), top);
});

test("older messages are loaded without end, the view does not jump, and 200 are drawn at most", OPTIONS, async (t) => {
  const long = messages(0, 420).map((record, n) => ({
    ...record,
    message: `message ${n}${n % 3 === 0 ? "\nand more".repeat(n % 20) : ""}`,
  }));
  const rig = await openRig(t, { seed: seed(...long) });
  await rig.open("#/thread/5");
  await bubble(rig, "message 419").waitFor();
  const seen = new Set<string>();
  for (let n = 0; n < 1_000 && !seen.has("message 1"); n += 1) {
    const moved = await rig.page.evaluate<number>(`(async () => {
      const chat = ${CHAT};
      const top = chat.getBoundingClientRect().top;
      const inSight = [...chat.querySelectorAll("li")].find((one) => one.getBoundingClientRect().bottom > top);
      const before = inSight.getBoundingClientRect().top;
      const from = chat.scrollTop;
      chat.scrollTop -= 900;
      // Where scrolling alone would have taken it.
      const expected = before + from - chat.scrollTop;
      for (let frame = 0; frame < 4; frame += 1) await new Promise((resolve) => requestAnimationFrame(resolve));
      return inSight.isConnected ? Math.abs(inSight.getBoundingClientRect().top - expected) : 0;
    })()`);
    assert.ok(moved < 2, `the view jumped by ${moved} px`);
    assert.ok((await rig.page.evaluate<number>(BUBBLES)) <= 200);
    for (const text of await rig.page.locator(".bubble-body").allTextContents()) seen.add(text.split("\n", 1)[0] ?? "");
  }
  for (let n = 1; n < 420; n += 1) assert.ok(seen.has(`message ${n}`), `message ${n} was drawn`);
  await rig.write("messages", message(900));
  await rig.page.getByRole("button", { name: "1 waiting" }).click();
  await bubble(rig, "message 900").waitFor();
});

test("a message has an address, by its cursor and by its id", OPTIONS, async (t) => {
  const rig = await openRig(t, { seed: seed(...messages(0, 800)) });
  await rig.open("#/thread/5?messageId=u100");
  const chosen = rig.page.locator(".bubbles > .chosen", { hasText: "message 100" });
  await chosen.waitFor();
  await until(
    rig.page,
    "it is in sight",
    `(() => {
    const { top, bottom } = document.querySelector(".chosen").getBoundingClientRect();
    return top > 0 && bottom < innerHeight;
  })()`,
  );
  await chosen.getByTitle("Address of this message").click();
  await until(rig.page, "its address", `location.hash.includes("at=")`);
  await rig.open(new URL(rig.page.url()).hash);
  await chosen.waitFor();
  await rig.page.getByRole("button", { name: "Newest" }).click();
  await bubble(rig, "message 799").waitFor();
  assert.ok(!rig.page.url().includes("at="));
});

test("the turn in progress is shown with its tools as they run, and what it took", OPTIONS, async (t) => {
  const rig = await openRig(t, { seed: seed(message(1)) });
  await rig.open("#/thread/5");
  await bubble(rig, "message 1").waitFor();
  const now = rig.page.locator(".now");
  await rig.write("activity", activity("u1", "turn_start", { detail: "opus" }));
  await now.getByText("Working").waitFor();
  await rig.write("activity", activity("u1", "tool_start", { tool: "Bash", toolUseId: "t1", detail: "npm test" }));
  await now.locator(".tool", { hasText: /Bash\s*npm test/ }).waitFor();
  await now.locator(".took", { hasText: "…" }).waitFor();
  await now.locator("summary").click();
  await rig.write(
    "activity",
    activity("u1", "tool_end", { tool: "Bash", toolUseId: "t1", ms: 2500, detail: "<b>42 passed</b>" }),
    activity("u1", "text", { detail: "All is well." }),
  );
  await now.locator(".took", { hasText: "2.5 s" }).waitFor();
  await now.getByText("<b>42 passed</b>").waitFor();
  await now.getByText("All is well.").first().waitFor();
  const usage = { inputTokens: 1200, outputTokens: 34, cacheReadTokens: 5, cacheWriteTokens: 6 };
  await rig.write("activity", activity("u1", "turn_end", { ms: 9000, usage, costUsd: 0.5 }));
  await now.getByText("Done in 9.0 s · $0.5000 · tokens: 1,200 in, 34 out").waitFor();
  assert.match((await now.getAttribute("class")) ?? "", /over/);
});

test("what was done for a message of the past is shown when it is asked for", OPTIONS, async (t) => {
  const rig = await openRig(t, { seed: seed(message(1)) });
  const old = { timestamp: 1_000 };
  await rig.write(
    "activity",
    activity("u1", "turn_start", old),
    activity("u1", "tool_start", { ...old, tool: "Read", toolUseId: "a", detail: "/etc/motd" }),
    activity("u1", "tool_end", { ...old, tool: "Read", toolUseId: "a", ms: 12 }),
    activity("u1", "error", { ...old, ms: 99, detail: "failed: <i>overloaded</i>" }),
  );
  await rig.open("#/thread/5");
  await bubble(rig, "message 1").getByRole("button", { name: "activity" }).click();
  const turn = rig.page.locator(".past-turn");
  await turn.getByText("12 ms").waitFor();
  assert.match((await turn.textContent()) ?? "", /Read\/etc\/motd12 ms.*failed: <i>overloaded<\/i> in 99 ms/);
});

test("the configuration and the totals stand beside it", OPTIONS, async (t) => {
  const rig = await openRig(t, { seed: seed(message(1), message(2, { direction: "out" })) });
  await rig.write("activity", activity("u1", "turn_end", { costUsd: 2.5, usage: { inputTokens: 1234 } }));
  await rig.open("#/thread/5");
  const config = rig.page.locator(".thread-config");
  await config.getByText("$2.50").waitFor();
  const text = (await config.textContent()) ?? "";
  for (const part of [
    "/workspace/api",
    "session-of-five",
    "auto",
    "running, process 41, 300 MiB",
    "1,234",
    "Tests first.",
  ]) {
    assert.ok(text.includes(part), `${part} in ${text}`);
  }
});

test("without an id, and beside a thread, there are threads to choose from", OPTIONS, async (t) => {
  const rig = await openRig(t, { seed: seed(message(1)) });
  await rig.open("#/thread");
  const list = rig.page.getByRole("navigation", { name: "Threads" });
  await list.getByText(HOSTILE_NAME).waitFor();
  await rig.page.keyboard.press("/");
  await rig.page.keyboard.type("api");
  await until(rig.page, "one is left", `document.querySelectorAll(".threads li").length === 1`);
  await list.getByRole("link", { name: "#API" }).click();
  await bubble(rig, "message 1").waitFor();
  assert.equal(await list.locator('[aria-current="page"]').textContent(), "#API");
  await list.getByRole("link", { name: "#General" }).click();
  await rig.page.getByText("No message in this thread yet.").waitFor();
  await rig.open("#/thread/77");
  await rig.page.getByText("There is no thread 77").waitFor();
});

test("hostile messages stand there as text", OPTIONS, async (t) => {
  const script = "<script>alert(1)</script>\u202E\u001B[31m";
  const odd = message(3, {
    message: ["<b>"],
    sender: { toString: 1 },
    timestamp: -1e300,
    model: {},
    messageId: 7,
    replyTo: 5,
  });
  const rig = await openRig(t, {
    seed: seed(message(1, { message: script }), message(2, { message: "z".repeat(1_000_000) }), odd),
  });
  await rig.open("#/thread/5");
  await rig.page.getByText("<script>alert(1)</script>⟨202e⟩⟨001b⟩[31m").waitFor();
  await rig.page.getByText('["<b>"]').waitFor();
  await rig.page.getByRole("button", { name: /Show all \(977 KiB\)/ }).click();
  await until(
    rig.page,
    "all of it",
    `[...document.querySelectorAll("pre")].some((one) => one.textContent.length === 1e6)`,
  );
});

test(
  "axe-core finds nothing in a thread and the choice of one, wide and dark, narrow and light",
  OPTIONS,
  async (t) => {
    const out = message(31, { direction: "out", source: "heartbeat" });
    const rig = await openRig(t, { seed: seed(...messages(0, 30), out) });
    await rig.open("#/thread");
    await rig.page.getByText("#API").waitFor();
    await rig.assertAccessible();
    await rig.open("#/thread/5");
    await rig.write(
      "activity",
      activity("u1", "turn_start"),
      activity("u1", "tool_start", { tool: "Bash", detail: "x" }),
    );
    await rig.page.locator(".now .tool").waitFor();
    await rig.assertAccessible();
    await rig.page.emulateMedia({ colorScheme: "light" });
    await rig.page.setViewportSize({ width: 390, height: 800 });
    await rig.assertAccessible();
    assert.ok(await rig.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it fits");
  },
);

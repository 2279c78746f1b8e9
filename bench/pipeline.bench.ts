/** The running system: how much of an answer's way is ours, measured at the far sides, in one process with them. */
import { Stage } from "../src/cli/demo/stage.ts";
import { quantile, type BenchRow } from "./bench.ts";

const TURNS = 40;
const WARM_UP = 3;
const PATIENCE = { timeoutMs: 60_000 };

/** update handed to the bot → request at the Messages API; answer complete at the API → sendMessage at Telegram. */
export async function run(): Promise<BenchRow[]> {
  const stage = await Stage.open({ script: ({ userText }) => ({ text: `re: ${/\]: (.*)$/.exec(userText)?.[1]}` }) });
  try {
    const user = stage.telegram.addUser({ firstName: "Bench" });
    const topic = stage.telegram.createTopic("bench");
    await stage.startBot();
    const inward: number[] = [];
    const outward: number[] = [];
    for (let n = 0; n < TURNS + WARM_UP; n += 1) {
      const text = `question ${n}`;
      const sentAt = performance.now();
      stage.telegram.sendText(topic, user, text);
      const request = await stage.claude.waitFor(
        ({ side, script, outcome }) => !side && script.userText.endsWith(`]: ${text}`) && outcome === "answered",
        PATIENCE,
      );
      const call = await stage.telegram.waitFor(
        ({ method, params }) => method === "sendMessage" && params["text"] === `re: ${text}`,
        PATIENCE,
      );
      if (n < WARM_UP) continue;
      inward.push(request.monotonicAt - sentAt);
      outward.push(call.monotonicAt - (request.monotonicAnsweredAt ?? Number.NaN));
    }
    return [
      row("update → request at Claude", inward),
      row("answer at Claude → message at Telegram", outward, 40),
    ].flat();
  } finally {
    await stage.close();
  }
}

function row(what: string, sample: readonly number[], target?: number): BenchRow[] {
  const p50 = quantile(sample, 0.5);
  const aim = target === undefined ? {} : { target: `≤ ${target}`, ok: p50 <= target };
  return [
    { area: "pipeline", what: `${what}, p50`, value: p50, unit: "ms", ...aim },
    { area: "pipeline", what: `${what}, p99`, value: quantile(sample, 0.99), unit: "ms" },
  ];
}

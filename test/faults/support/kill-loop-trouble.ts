/** A Telegram that drops, delays, refuses and does not say what it did, for as long as a test lasts. */
import type { TelegramSandbox } from "../../../src/sandbox/telegram/telegram.ts";
import type { Chance } from "./kill-loop-chance.ts";

type Order = Parameters<TelegramSandbox["order"]>[0];
type Fault = Order["fault"];

interface Trouble {
  readonly method: string;
  readonly fault: Fault;
  /** Of a call of the method that met none of those before. */
  readonly probability: number;
}

const TROUBLES: readonly Trouble[] = [
  { method: "sendMessage", probability: 0.04, fault: { kind: "drop", when: "before" } },
  { method: "sendMessage", probability: 0.06, fault: { kind: "drop", when: "after" } },
  { method: "sendMessage", probability: 0.04, fault: { kind: "status", code: 502 } },
  { method: "sendMessage", probability: 0.02, fault: { kind: "status", code: 429, retryAfter: 1 } },
  { method: "sendMessage", probability: 0.1, fault: { kind: "delay", ms: 250 } },
  { method: "sendMessage", probability: 0.1, fault: { kind: "delay", ms: 250, when: "after" } },
  { method: "getUpdates", probability: 0.03, fault: { kind: "drop", when: "before" } },
  { method: "getUpdates", probability: 0.05, fault: { kind: "drop", when: "after" } },
  { method: "getUpdates", probability: 0.03, fault: { kind: "status", code: 502 } },
  { method: "getUpdates", probability: 0.02, fault: { kind: "status", code: 429, retryAfter: 1 } },
  { method: "getUpdates", probability: 0.1, fault: { kind: "delay", ms: 200, when: "after" } },
  { method: "setMessageReaction", probability: 0.05, fault: { kind: "drop", when: "after" } },
  { method: "setMessageReaction", probability: 0.05, fault: { kind: "status", code: 502 } },
  { method: "sendChatAction", probability: 0.1, fault: { kind: "drop", when: "before" } },
];

/** Returns how many calls it has struck. */
export function trouble(telegram: TelegramSandbox, chance: Chance): () => number {
  let struck = 0;
  for (const { method, fault, probability } of TROUBLES) {
    const match = (): boolean => {
      const strikes = chance.happens(probability);
      if (strikes) struck += 1;
      return strikes;
    };
    telegram.order({ method, fault, match, times: Infinity });
  }
  return () => struck;
}

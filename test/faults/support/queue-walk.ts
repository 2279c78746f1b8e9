/**
 * One message over its whole way, by the queue that the bot uses: published, claimed, answered, the answer claimed, posted
 * and finished. Whatever it is taken from by a kill, the next walk over the same folder goes on with.
 */
import { join } from "node:path";
import { systemClock } from "../../../src/core/clock.ts";
import type { Clock } from "../../../src/core/clock.ts";
import { describeError, isSyncFailure } from "../../../src/core/errors.ts";
import type { Logger } from "../../../src/core/log.ts";
import {
  incomingConsumer,
  incomingProducer,
  outgoingConsumer,
  outgoingProducer,
  prepareQueue,
} from "../../../src/core/queue/file-queue.ts";
import type { IncomingMessage, OutgoingMessage } from "../../../src/core/queue/message.ts";
import type { Claim, Consumer } from "../../../src/core/queue/queue.ts";
import { sharedSequence } from "../../../src/core/queue/sequence.ts";
import { chunkId, openDeliveries } from "../../../src/workers/telegram/deliveries.ts";
import type { Deliveries } from "../../../src/workers/telegram/deliveries.ts";
import { MESSAGE_MAX, splitText } from "../../../src/workers/telegram/split.ts";

/** Takes a line: an acknowledgement, `turn …` when the agent runs, `chat …` when something is to be seen in the chat. */
export type Tell = (line: string) => void;

export const quiet: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

export function question(messageId: string, threadId = 5): IncomingMessage {
  const timestamp = systemClock.now();
  return {
    channel: "telegram",
    source: "user",
    threadId,
    messageId,
    sender: "Tester",
    message: `text of ${messageId}`,
    timestamp,
  };
}

export function answerTo({ message }: Claim<IncomingMessage>): OutgoingMessage {
  const { channel, threadId, messageId, timestamp } = message;
  return {
    channel,
    threadId,
    messageId,
    sender: "agent",
    message: messageId === LONG ? LONG_ANSWER : `answer to ${messageId}`,
    timestamp,
    kind: "answer",
  };
}

/** The ends of a queue in a folder, as one process has them. */
export async function openEnds(root: string, clock: Clock = systemClock) {
  const sequence = sharedSequence(await prepareQueue(root));
  const options = { root, sequence, clock, logger: quiet };
  const incoming = incomingConsumer(options);
  const outgoing = outgoingConsumer(options);
  await incoming.open();
  await outgoing.open();
  const deliveries = await openDeliveries(join(root, "deliveries.jsonl"), clock);
  return {
    questions: incomingProducer(options),
    answers: outgoingProducer(options),
    incoming,
    outgoing,
    deliveries,
    close: async () => {
      await incoming.close();
      await outgoing.close();
      deliveries.close();
    },
  };
}

export type Ends = Awaited<ReturnType<typeof openEnds>>;

/** The message that fails. */
export const DOOMED = "doomed";

/** The message whose answer is as long as three of Telegram's. */
export const LONG = "long";
export const CHUNKS = 3;
const LONG_ANSWER = Array.from({ length: CHUNKS }, (_, n) => String(n).repeat(MESSAGE_MAX - 100)).join("\n\n");

/** Publishes the message, if one is named, and works until nothing is left. A failed sync ends it at once. */
export async function walk(root: string, tell: Tell, messageId?: string): Promise<void> {
  const ends = await openEnds(root);
  tell("open");
  try {
    if (messageId !== undefined) {
      await insist(tell, () => ends.questions.publish(question(messageId)));
      tell("published");
    }
    for (let claim = await next(ends.incoming, tell); claim !== undefined; claim = await next(ends.incoming, tell)) {
      await answer(ends, claim, tell);
    }
    for (let claim = await next(ends.outgoing, tell); claim !== undefined; claim = await next(ends.outgoing, tell)) {
      await post(ends, claim, tell);
    }
  } finally {
    await ends.close();
  }
}

async function answer(ends: Ends, claim: Claim<IncomingMessage>, tell: Tell): Promise<void> {
  const { incoming, answers } = ends;
  tell("claimed");
  if (claim.key === DOOMED) {
    await doom(ends, claim, tell);
    return;
  }
  tell(`turn ${claim.crashes}`);
  await insist(tell, () => answers.publish(answerTo(claim)));
  tell("answered");
  await insist(tell, () => incoming.commit(claim));
  tell("committed");
}

/** Fails once, and is buried at its next claim, when its topic has been told. */
async function doom({ incoming, answers }: Ends, claim: Claim<IncomingMessage>, tell: Tell): Promise<void> {
  if (claim.failures === 0) {
    tell(`turn ${claim.crashes}`);
    await insist(tell, () => incoming.retry(claim, { delayMs: 0, counts: true, reason: "failed" }));
    tell("retried");
    return;
  }
  await insist(tell, () => answers.publish({ ...answerTo(claim), kind: "notice" }, `end-${claim.key}`));
  tell("answered");
  await insist(tell, () => incoming.bury(claim, "failed too often"));
  tell("buried");
}

/** As the outbox does it. */
async function post({ outgoing, deliveries }: Ends, claim: Claim<OutgoingMessage>, tell: Tell): Promise<void> {
  const chunks = splitText(claim.message.message, MESSAGE_MAX - 50);
  for (const [place, text] of chunks.entries()) {
    await showOnce(
      deliveries,
      claim.key,
      chunkId(place, text),
      (mark) => {
        tell(chunks.length === 1 ? `chat ${mark}` : `chat ${mark} ${place}`);
      },
      tell,
    );
  }
  await insist(tell, () => outgoing.commit(claim));
  deliveries.forget(claim.key);
  tell("finished");
}

async function showOnce(
  deliveries: Deliveries,
  key: string,
  chunk: string,
  show: (mark: "marked" | "plain") => void,
  tell: Tell,
): Promise<void> {
  const known = deliveries.stateOf(key, chunk);
  if (known === "sent") return;
  await insist(tell, () => deliveries.intend(key, chunk));
  tell("intended");
  show(known === "interrupted" ? "marked" : "plain");
  await insist(tell, () => deliveries.posted(key, chunk, 1));
  tell("posted");
}

/**
 * The next claim; waits while a lane pauses, and answers undefined when there is nothing any more: a look that the system
 * refused is told by the log alone and made up for by the next, so that it takes two.
 */
async function next<M>(consumer: Consumer<M>, tell: Tell): Promise<Claim<M> | undefined> {
  for (let inVain = 0; inVain < 2;) {
    consumer.notify();
    const claim = await insist(tell, () => consumer.claim());
    if (claim !== undefined) return claim;
    if (consumer.lanes().size === 0) inVain += 1;
    else await systemClock.sleep(20);
  }
  return undefined;
}

const TRIES = 100;

/** Tries again what the system refused, as the workers do, but not what a failed sync may have lost. */
async function insist<T>(tell: Tell, act: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await act();
    } catch (error) {
      if (isSyncFailure(error) || tries === TRIES) throw error;
      tell(`failed ${describeError(error)}`);
      await systemClock.sleep(20);
    }
  }
}

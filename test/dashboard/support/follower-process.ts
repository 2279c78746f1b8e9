/** A client in a process of its own, so that it can be stopped as a whole. It reports when it has the row it is told. */
import { once } from "node:events";
import { eventually } from "../../support/eventually.ts";
import { HistoryFollower } from "./follower.ts";

const follower = new HistoryFollower(process.argv[2] ?? "");
await follower.ready;
const told = once(process, "message") as Promise<[number]>;
process.send?.("ready");
const [end] = await told;
await eventually(`row ${end}`, () => follower.last >= end || undefined).catch(() => undefined);
process.send?.(follower.report());
follower.close();
process.disconnect();

/** `npm run broker -- check-policy FILE`: what a policy file means, or what is wrong with it. */
import { readFile } from "node:fs/promises";
import { EXIT, describeError } from "../core/errors.ts";
import { readPolicy } from "./policy-file.ts";

/** The lines to print and the status to end with. */
export async function checkPolicy(file: string): Promise<{ readonly text: string; readonly status: number }> {
  let content: string;
  try {
    content = await readFile(file, "utf8");
  } catch (error) {
    return { text: `${file} cannot be read (${describeError(error)}).\n`, status: EXIT.config };
  }
  const reading = readPolicy(content);
  if (reading.status === "bad") {
    return {
      text: `${file} is bad:\n${reading.problems.map((problem) => `  ${problem}\n`).join("")}`,
      status: EXIT.config,
    };
  }
  const { policy } = reading;
  const clients = policy.clients.map((client) => `  client ${client.id}: ${client.grants.length} grants\n`);
  return { text: `${file} is good, digest ${policy.digest}\n${clients.join("")}`, status: EXIT.ok };
}

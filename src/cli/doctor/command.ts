/** `doctor`: everything that a running stack needs, a line each. */
import { EXIT, ConfigError } from "../../core/errors.ts";
import { loadEnvironment, type Environment } from "../../core/secrets.ts";
import { readVersion } from "../../core/version.ts";
import { allowOnly, type Context } from "../command.ts";
import { findingLine, type Finding } from "../setup/finding.ts";
import { runner, type Run } from "../setup/run.ts";
import { lookAtEngine } from "./engine.ts";
import { lookOutside } from "./outside.ts";
import { lookAtSettings } from "./settings.ts";
import { lookAtStack } from "./stack.ts";
import { lookAtUnits } from "./units.ts";

/** Exit status 0: nothing is marked ✗; 1: something is. */
export async function run(words: readonly string[], context: Context): Promise<number> {
  allowOnly("doctor", words, []);
  const signal = context.interrupted();
  const directory = process.cwd();
  const environment = environmentOf(directory);
  const run = runner(directory, signal);
  const groups = [
    engineAndStack(run, environment),
    lookAtSettings(directory, environment),
    lookOutside(directory, environment, signal),
    lookAtUnits(environment, run),
  ];
  let faults = 0;
  for (const finding of (await Promise.all(groups)).flat()) {
    if (finding.mark === "bad") faults += 1;
    process.stdout.write(`${findingLine(finding)}\n`);
  }
  return faults === 0 ? EXIT.ok : 1;
}

async function engineAndStack(run: Run, environment: Environment): Promise<Finding[]> {
  const { findings, hasEngine } = await lookAtEngine(run, environment);
  if (!hasEngine) return findings;
  const project = environment["COMPOSE_PROJECT_NAME"] || "tinyclaw";
  const tag = environment["TINYCLAW_TAG"] || "latest";
  return [...findings, ...(await lookAtStack(run, { project, tag, version: await readVersion() }))];
}

/** A `.env` that cannot be read is told among the findings, and the rest goes without it. */
function environmentOf(directory: string): Environment {
  try {
    return loadEnvironment(directory);
  } catch (error) {
    if (error instanceof ConfigError) return {};
    throw error;
  }
}

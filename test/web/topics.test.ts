import assert from "node:assert/strict";
import { test } from "node:test";
import { filterNames, shapeNames } from "../../src/dashboard/api/query.ts";
import { factsOf, LOG_SOURCES, TOPIC_NAMES } from "../../src/dashboard/topics.ts";
import { stage } from "../dashboard/api/stage.ts";
import { pageModule } from "./page-module.ts";

const page = await pageModule<{
  LOG_SOURCES: readonly string[];
  listPath: (topic: string) => string;
  listParameters: (topic: string, filter?: Record<string, unknown>) => Record<string, unknown>;
}>("topics.js");

test("the page knows the logs that there are", () => assert.deepEqual(page.LOG_SOURCES, LOG_SOURCES));

for (const topic of TOPIC_NAMES) {
  test(`a filter of ${topic} is said to its list in the server's words, and bodies are left out where there are any`, () => {
    const filter = Object.fromEntries([...factsOf(topic).filters, "q"].map((field) => [field, `a ${field}`]));
    const parameters = page.listParameters(topic, filter);
    assert.deepEqual(Object.keys(parameters), [...filterNames(topic), ...shapeNames(topic)]);
    assert.equal(parameters["thread"], "a threadId");
    assert.equal(parameters["full"], factsOf(topic).bodies.length > 0 ? 0 : undefined);
    assert.deepEqual(Object.keys(page.listParameters(topic, { from: 1, to: 2 })).slice(0, 2), ["from", "to"]);
  });

  test(`the list of ${topic} is where the page looks for it`, async (t) => {
    const asked: string[] = [];
    const slice = { items: [], first: undefined, last: undefined, more: false };
    const history = {
      page(found: string) {
        asked.push(found);
        return Promise.resolve(slice);
      },
    };
    const { get } = await stage(t, { history });
    assert.equal((await get(page.listPath(topic))).status, 200);
    assert.deepEqual(asked, [topic]);
  });
}

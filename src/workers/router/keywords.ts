import type { CountedDimension } from "./dimensions.ts";

/** Dimensions found by words; `questionComplexity` counts question marks instead. */
export type WordDimension = Exclude<CountedDimension, "questionComplexity">;

/**
 * English words and phrases a list, separated by commas. A hyphen is a space here as in the text, and each last word
 * stands for its inflections too (`refactor`: refactors, refactored, refactoring). Phrases have four words at most.
 */
const LISTS: Readonly<Record<WordDimension, string>> = {
  reasoningMarkers: `
    analyze, analyse, analysis, chain of thought, deduce, derive, diagnose, evaluate, figure out why, first principles,
    formally, hypothesis, hypotheses, infer, justify, logically, proof, prove, reason about, reason through, reasoning,
    root cause, step by step, theorem, think hard, think through, thought experiment, trade off, tradeoff, pros and cons,
    weigh the options, work out why`,
  codePresence: `
    async, await, bool, boolean, class, compile error, const, def, elif, enum, function, import, int, lambda, null,
    nullptr, printf, println, return type, segfault, stack trace, stacktrace, stderr, stdout, struct, syntax error,
    traceback, typeof, undefined, type error, typeerror, unit test`,
  simpleIndicators: `
    bye, capital of, good evening, good morning, good night, hello, hey, hi, how are you, how do you spell, how many,
    how old, lol, define, nope, ok, okay, thank you, thanks, thx, translate, typo, what does, what is, what time, what's,
    when is, when was, where is, who is, who was, who's, yep, yes or no`,
  multiStepPatterns: `
    after that, afterwards, and then, finally, followed by, in several steps, multi step, next step, once done,
    once that is done, one by one, phase one, when you are done`,
  technicalTerms: `
    algorithm, api, architecture, authentication, authorization, backend, backpressure, benchmark, bottleneck, cache,
    cluster, compiler, concurrency, concurrent, container, data structure, database, deadlock, dependency, distributed,
    docker, encryption, endpoint, event loop, failover, framework, frontend, garbage collection, heap, idempotent,
    infrastructure, kernel, kubernetes, latency, load balancer, memory leak, microservice, middleware, migration, mutex,
    oauth, optimisation, optimization, optimise, optimize, parser, performance, pipeline, protocol, queue, race condition,
    refactor, replication, scalability, scalable, schema, serialization, sharding, sql, tcp, terraform, thread pool,
    throughput, tls, transaction, websocket, webhook`,
  creativeMarkers: `
    brainstorm, compose, creative, essay, fiction, haiku, imagine, joke, limerick, lyrics, metaphor, name ideas, novel,
    poem, poetry, screenplay, slogan, story, stories, tagline, invent`,
  constraintCount: `
    at least, at most, backward compatible, backwards compatible, budget, constraint, deadline, exactly, fewer than,
    less than, limit, maximum, minimum, more than, must, only, required, requirement, restricted to, up to, within,
    without breaking, without changing`,
  imperativeVerbs: `
    add, automate, build, configure, construct, convert, create, deploy, design, develop, extend, extract, fix, generate,
    implement, install, integrate, migrate, port, refactor, remove, rename, replace, rewrite, set up, split, update,
    upgrade, write`,
  outputFormat: `
    as a list, ascii art, bullet point, csv, diagram, format as, formatted, html, in one sentence, json, markdown,
    mermaid, spreadsheet, structured, table, tabular, toml, xml, yaml`,
  domainSpecificity: `
    bayesian, byzantine, combinatorial, consensus algorithm, cryptography, cryptographic, cuda, ebpf, eigenvalue,
    finite element, fourier, fpga, genomics, gradient descent, homomorphic, kalman, kinematics, llvm, monte carlo,
    neural network, paxos, post quantum, proteomics, quantum, raft, risc, simd, tensor, topological, verilog,
    zero knowledge`,
  referenceComplexity: `
    above, aforementioned, again, as before, as discussed, as mentioned, attached, below, earlier, following, last time,
    linked, previous, previously, same as, same way, see the docs, similar to, the docs, the other one, the spec`,
  negationComplexity: `
    ain't, aren't, avoid, can't, cannot, couldn't, didn't, doesn't, don't, except, exclude, hadn't, hasn't, instead of,
    isn't, neither, never, no longer, nobody, none, nor, not, nothing, rather than, shouldn't, unless, wasn't, weren't,
    without, won't, wouldn't`,
};

/** A word or phrase of a list, found at its last word. */
export interface Keyword {
  readonly dimension: WordDimension;
  /** As the list has it: what a reader is shown, and what makes two hits different. */
  readonly name: string;
  /** The words before the last one, nearest first. */
  readonly before: readonly string[];
}

/** Every form of every last word, with the keywords that end in it. */
export const KEYWORDS: ReadonlyMap<string, readonly Keyword[]> = buildKeywords();

function buildKeywords(): Map<string, Keyword[]> {
  const keywords = new Map<string, Keyword[]>();
  for (const [dimension, list] of Object.entries(LISTS) as [WordDimension, string][]) {
    for (const entry of list.split(",")) {
      const name = entry.trim();
      const words = name.split(" ").toReversed();
      const keyword: Keyword = { dimension, name, before: words.slice(1) };
      for (const form of formsOf(words[0] ?? "")) {
        const there = keywords.get(form);
        if (there === undefined) keywords.set(form, [keyword]);
        else there.push(keyword);
      }
    }
  }
  return keywords;
}

/**
 * A word with its regular English inflections. It makes words that nobody writes as well; they match nothing and
 * cost nothing. Words under three letters have none.
 */
export function formsOf(word: string): ReadonlySet<string> {
  if (!/^[a-z]{3,}$/.test(word)) return new Set([word]);
  if (word.endsWith("e")) return new Set([word, `${word}s`, `${word}d`, `${word.slice(0, -1)}ing`]);
  if (/[^aeiou]y$/.test(word)) {
    const stem = word.slice(0, -1);
    return new Set([word, `${stem}ies`, `${stem}ied`, `${word}ing`]);
  }
  const plural = /(?:[sxz]|[cs]h)$/.test(word) ? `${word}es` : `${word}s`;
  const forms = [word, plural, `${word}ed`, `${word}ing`];
  const last = word.at(-1) ?? "";
  if (/[^aeiou][aeiou][^aeiouwxy]$/.test(word)) forms.push(`${word}${last}ed`, `${word}${last}ing`);
  return new Set(forms);
}

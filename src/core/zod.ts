/** zod without the sentences of some fifty languages, which take as long to load as the rest of it. */
import { dirname, join } from "node:path";
import type * as Zod from "zod";
import { requireOnDemand, type OnDemand } from "./on-demand.ts";

const languages: OnDemand = {
  path: (require) => join(dirname(require.resolve("zod")), "v4/locales/index.cjs"),
};

export const { z } = requireOnDemand("zod", languages) as typeof Zod;

export declare namespace z {
  type infer<Schema> = Zod.infer<Schema>;
  type output<Schema> = Zod.output<Schema>;
  type ZodError<Value = unknown> = Zod.ZodError<Value>;
  type ZodObject<Shape extends Zod.ZodRawShape = Zod.ZodRawShape> = Zod.ZodObject<Shape>;
  type ZodPreprocess<Schema extends Zod.core.SomeType = Zod.core.$ZodType> = Zod.ZodPreprocess<Schema>;
  type ZodRawShape = Zod.ZodRawShape;
  type ZodType<Output = unknown, Input = unknown> = Zod.ZodType<Output, Input>;
}

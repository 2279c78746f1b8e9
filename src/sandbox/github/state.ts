import type { AppKeys } from "./keys.ts";
import type { TokenForm, Tokens } from "./tokens.ts";
import type { World } from "./world.ts";

/** What the routes answer from. */
export interface GitHubState {
  readonly appId: number;
  readonly clientId: string;
  readonly slug: string;
  /** Id of the account `<slug>[bot]`, which the App's commits name. */
  readonly botUserId: number;
  readonly keys: AppKeys;
  readonly world: World;
  readonly tokens: Tokens;
  readonly tokenForm: TokenForm;
  /** Address of the API, without a slash at the end. */
  readonly url: string;
  /** GitHub's idea of now, epoch ms. */
  now(): number;
}

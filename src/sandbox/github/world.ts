import { GitHubSandboxError } from "./errors.ts";

export type AccountType = "Organization" | "User";
export type Level = "read" | "write" | "admin";
export type Permissions = Readonly<Record<string, Level>>;

export interface Repository {
  readonly id: number;
  /** Without the owner. */
  name: string;
}

/** One installation of the App, on one account. */
export interface Installation {
  id: number;
  readonly accountId: number;
  readonly type: AccountType;
  /** Login of the account. */
  account: string;
  readonly repositories: Repository[];
  readonly permissions: Permissions;
  readonly selection: "all" | "selected";
  /** Epoch ms, when it is. */
  suspendedAt: number | undefined;
}

export interface NewInstallation {
  readonly account: string;
  readonly type?: AccountType;
  readonly id?: number;
  readonly repositories: readonly { readonly name: string; readonly id?: number }[];
  readonly permissions: Permissions;
  readonly suspended?: boolean;
  /** What the account's owner chose; `selected` by default. */
  readonly selection?: "all" | "selected";
}

/** Accounts, their repositories and the App's installations; logins and names match without regard to case. */
export class World {
  readonly installations: Installation[] = [];
  /** Old `owner/name`, lower case → id, for the redirects that GitHub keeps after a rename. */
  readonly #formerNames = new Map<string, number>();
  #lastId = 1000;

  add(one: NewInstallation, now: number): Installation {
    const installation: Installation = {
      id: one.id ?? this.#nextId(),
      accountId: this.#nextId(),
      type: one.type ?? "Organization",
      account: one.account,
      repositories: one.repositories.map(({ name, id }) => ({ name, id: id ?? this.#nextId() })),
      permissions: one.permissions,
      selection: one.selection ?? "selected",
      suspendedAt: one.suspended === true ? now : undefined,
    };
    this.installations.push(installation);
    return installation;
  }

  byId(id: number): Installation | undefined {
    return this.installations.find((one) => one.id === id);
  }

  byAccount(login: string): Installation | undefined {
    return this.installations.find((one) => same(one.account, login));
  }

  byRepositoryId(id: number): Installation | undefined {
    return this.installations.find((one) => one.repositories.some((repository) => repository.id === id));
  }

  /** The installation that has the repository under its name of today. */
  byRepository(owner: string, name: string): Installation | undefined {
    const found = this.byAccount(owner);
    return found?.repositories.some((repository) => same(repository.name, name)) === true ? found : undefined;
  }

  /** Id of the repository that once had this name, if none has it today. */
  movedTo(owner: string, name: string): number | undefined {
    return this.#formerNames.get(key(owner, name));
  }

  /** Throws `github_unknown` for an account that was never added. */
  account(login: string): Installation {
    const found = this.byAccount(login);
    if (found !== undefined) return found;
    throw new GitHubSandboxError(
      "github_unknown",
      `GitHub sandbox: no account "${login}"; addInstallation comes first`,
    );
  }

  renameAccount(from: string, to: string): void {
    const found = this.account(from);
    for (const { name, id } of found.repositories) this.#formerNames.set(key(found.account, name), id);
    found.account = to;
  }

  /** Throws `github_unknown` for a repository that was never added. */
  renameRepository(owner: string, from: string, to: string): void {
    const found = this.account(owner).repositories.find((one) => same(one.name, from));
    if (found === undefined) {
      throw new GitHubSandboxError("github_unknown", `GitHub sandbox: no repository "${owner}/${from}" to rename`);
    }
    this.#formerNames.set(key(owner, from), found.id);
    found.name = to;
  }

  /** The App is removed and installed again: a new id, and the old one is gone. */
  reinstall(login: string): number {
    const found = this.account(login);
    found.id = this.#nextId();
    return found.id;
  }

  #nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }
}

export function same(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}

function key(owner: string, name: string): string {
  return `${owner}/${name}`.toLowerCase();
}

import { Random } from "./random.ts";

/**
 * A disk that forgets what was not synced, as pessimistic as POSIX allows within reason:
 *
 * - bytes of a file are there after its `sync`; those written since may be there, in part, as zeros or not at all
 * - a name that was given, taken or moved is so after a `sync` of its folder, or of one of the two; before that each
 *   of these changes comes through or not, whatever became of the others. Changes of one name come through in order.
 */
export interface Inode {
  readonly ino: number;
  /** What a folder names; undefined for a file. */
  readonly entries: Map<string, Inode> | undefined;
  /** What a folder names on the platter. */
  readonly durable: Map<string, Inode>;
  data: Buffer;
  /** So many bytes are on the platter. */
  synced: number;
  modifiedMs: number;
}

interface Place {
  readonly folder: Inode;
  readonly name: string;
}

/** Without `from` a name is given, without `to` one is taken, with both it is moved. */
interface Change {
  readonly node: Inode;
  readonly from?: Place;
  readonly to?: Place;
}

export class Disk {
  readonly root: Inode;
  #unsynced: Change[] = [];
  #inodes = 0;

  constructor() {
    this.root = this.#inode(true);
  }

  /** The node of a path such as `queue/tmp`; undefined when there is none. */
  find(path: string): Inode | undefined {
    let node: Inode | undefined = this.root;
    for (const name of path.split("/")) if (name !== "") node = node?.entries?.get(name);
    return node;
  }

  /** Names in a folder; none when it does not exist. */
  names(path: string): string[] {
    return [...(this.find(path)?.entries?.keys() ?? [])];
  }

  create(path: string, kind: "file" | "folder"): Inode {
    const node = this.#inode(kind === "folder");
    this.#change({ node, to: this.#place(path) });
    return node;
  }

  link(node: Inode, path: string): void {
    this.#change({ node, to: this.#place(path) });
  }

  unlink(node: Inode, path: string): void {
    this.#change({ node, from: this.#place(path) });
  }

  move(node: Inode, from: string, to: string): void {
    this.#change({ node, from: this.#place(from), to: this.#place(to) });
  }

  append(node: Inode, bytes: Uint8Array, modifiedMs: number): void {
    node.data = Buffer.concat([node.data, bytes]);
    node.modifiedMs = modifiedMs;
  }

  sync(node: Inode): void {
    node.synced = node.data.length;
    if (node.entries === undefined) return;
    const due = new Set<Change>();
    for (const change of this.#unsynced.toReversed()) {
      if (touches(change, node) || [...due].some((later) => shareName(change, later))) due.add(change);
    }
    for (const change of this.#unsynced) if (due.has(change)) apply(change, "durable");
    this.#unsynced = this.#unsynced.filter((change) => !due.has(change));
  }

  /** What is on the platter after a failure now, one of the many possibilities. */
  failPower(seed: number): void {
    const random = new Random(seed);
    // Often nothing or all of it comes through: what is wrong shows sooner than among the many mixtures.
    const keepNames = [0, 0, 50, 100][random.below(4)] ?? 0;
    const keepBytes = [0, 0, 50, 100][random.below(4)] ?? 0;
    const lost: Change[] = [];
    for (const change of this.#unsynced) {
      const comes = random.below(100) < keepNames && !lost.some((earlier) => shareName(earlier, change));
      if (comes) apply(change, "durable");
      else lost.push(change);
    }
    this.#unsynced = [];
    reload(this.root, (node) => {
      node.data = random.below(100) < keepBytes ? node.data : damaged(node, random);
      node.synced = node.data.length;
    });
  }

  #change(change: Change): void {
    apply(change, "entries");
    this.#unsynced.push(change);
  }

  #place(path: string): Place {
    const cut = path.lastIndexOf("/");
    const folder = this.find(path.slice(0, Math.max(cut, 0)));
    if (folder?.entries === undefined) throw systemError("ENOENT", path);
    return { folder, name: path.slice(cut + 1) };
  }

  #inode(isFolder: boolean): Inode {
    this.#inodes += 1;
    const entries = isFolder ? new Map<string, Inode>() : undefined;
    return { ino: this.#inodes, entries, durable: new Map(), data: Buffer.alloc(0), synced: 0, modifiedMs: 0 };
  }
}

export function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

function apply({ node, from, to }: Change, which: "entries" | "durable"): void {
  if (from?.folder[which]?.get(from.name) === node) from.folder[which].delete(from.name);
  to?.folder[which]?.set(to.name, node);
}

function touches({ from, to }: Change, folder: Inode): boolean {
  return from?.folder === folder || to?.folder === folder;
}

function shareName(a: Change, b: Change): boolean {
  const same = (one?: Place, other?: Place): boolean =>
    one !== undefined && one.folder === other?.folder && one.name === other.name;
  return same(a.from, b.from) || same(a.from, b.to) || same(a.to, b.from) || same(a.to, b.to);
}

/** Makes of every folder what the platter says, and calls back with each file once. */
function reload(folder: Inode, visit: (file: Inode) => void, seen = new Set<Inode>()): void {
  folder.entries?.clear();
  for (const [name, node] of folder.durable) {
    folder.entries?.set(name, node);
    if (seen.has(node)) continue;
    seen.add(node);
    if (node.entries === undefined) visit(node);
    else reload(node, visit, seen);
  }
}

/** The file without a part of what was not synced, or with zeros in its place. */
function damaged({ data, synced }: Inode, random: Random): Buffer {
  const unsynced = data.length - synced;
  if (unsynced === 0) return data;
  const whole = random.below(unsynced + 1);
  const zeros = random.below(2) === 0 ? 0 : random.below(unsynced - whole + 1);
  const kept = data.subarray(0, synced + (random.below(3) === 0 ? 0 : whole));
  return Buffer.concat([kept, Buffer.alloc(zeros)]);
}

import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";

/** What a repository of the stand-in holds. */
export interface PackedRepository {
  /** The one commit, on `main`. */
  readonly head: string;
  /** All objects, as git's gitformat-pack has them. */
  readonly pack: Buffer;
}

const TYPES = { commit: 1, tree: 2, blob: 3 } as const;
const AUTHOR = "GitHub stand-in <sandbox@example.test> 1700000000 +0000";

interface GitObject {
  readonly type: keyof typeof TYPES;
  readonly bytes: Buffer;
  /** Its id, SHA-1 in 20 bytes. */
  readonly id: Buffer;
}

/** A repository of one commit with a README.md that names it: the same each time. Pure. */
export function packedRepository(owner: string, name: string): PackedRepository {
  const full = `${owner}/${name}`.toLowerCase();
  const readme = gitObject("blob", Buffer.from(`# ${full}\n`));
  const tree = gitObject("tree", Buffer.concat([Buffer.from("100644 README.md\0"), readme.id]));
  const text = `tree ${tree.id.toString("hex")}\nauthor ${AUTHOR}\ncommitter ${AUTHOR}\n\nThe first of ${full}\n`;
  const commit = gitObject("commit", Buffer.from(text));
  return { head: commit.id.toString("hex"), pack: packOf([commit, tree, readme]) };
}

function gitObject(type: GitObject["type"], bytes: Buffer): GitObject {
  const id = createHash("sha1").update(`${type} ${bytes.length}\0`).update(bytes).digest();
  return { type, bytes, id };
}

function packOf(objects: readonly GitObject[]): Buffer {
  const head = Buffer.alloc(12);
  head.write("PACK");
  head.writeUInt32BE(2, 4);
  head.writeUInt32BE(objects.length, 8);
  const body = objects.flatMap(({ type, bytes }) => [entryHead(TYPES[type], bytes.length), deflateSync(bytes)]);
  const pack = Buffer.concat([head, ...body]);
  return Buffer.concat([pack, createHash("sha1").update(pack).digest()]);
}

/** Type and size of an entry: four bits of the size beside the type, then seven a byte, lowest first. */
function entryHead(type: number, size: number): Buffer {
  const head: number[] = [];
  let byte = (type << 4) | (size & 15);
  for (let rest = size >> 4; rest > 0; rest >>= 7) {
    head.push(byte | 0x80);
    byte = rest & 0x7f;
  }
  return Buffer.from([...head, byte]);
}

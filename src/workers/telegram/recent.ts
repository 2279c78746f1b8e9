/** A set that forgets its oldest members. */

export interface Recent {
  add(member: string): void;
  has(member: string): boolean;
}

/** Remembers the last `size` members added. */
export function createRecent(size: number): Recent {
  const members = new Set<string>();
  return {
    add(member) {
      members.delete(member);
      members.add(member);
      for (const oldest of members) {
        if (members.size <= size) break;
        members.delete(oldest);
      }
    },
    has: (member) => members.has(member),
  };
}

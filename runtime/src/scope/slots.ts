/** What is under way, as a member of one list. */
export interface Slotted {
  /** Its place in the list, which the list's functions write. */
  slot: number;
}

// No Set: the table that V8 leaves behind each time one makes room points to the next, so that once one of them is old, all that was
// under way then stays until a full collection, with all that it holds.

export function enterList<T extends Slotted>(list: T[], one: T): void {
  one.slot = list.length;
  list.push(one);
}

/** The last one takes the place; nothing happens when it has left already. */
export function leaveList<T extends Slotted>(list: T[], one: T): void {
  if (list[one.slot] !== one) return;
  const last = list.pop();
  if (last === undefined || last === one) return;
  list[one.slot] = last;
  last.slot = one.slot;
}

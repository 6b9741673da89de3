/** Running work, as a member of one list. */
export interface Slotted {
  /** Its place in the list, which the list's functions write. */
  slot: number;
}

// No Set: V8 leaves a table behind whenever a Set makes room, and each table points to the next. Once one of them is
// old, all later members stay until a full collection, with all that they hold.

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

/** Running work, as a member of one list. */
export interface Slotted {
  /** Its place in the list, which the list's functions write. */
  slot: number;
}

// No Set: V8 leaves a table behind whenever a Set makes room, and each table points to the next. Once one of them is
// old, all later members stay until a full collection, with all that they hold.

export function enterList<T extends Slotted>(list: T[], item: T): void {
  item.slot = list.length;
  list.push(item);
}

/** The last one takes the place; nothing happens when it has left already. */
export function leaveList<T extends Slotted>(list: T[], item: T): void {
  if (list[item.slot] !== item) return;
  const last = list.pop();
  if (last === undefined || last === item) return;
  list[item.slot] = last;
  last.slot = item.slot;
}

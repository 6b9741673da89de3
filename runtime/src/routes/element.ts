/** What one element counts; an item of a packed list counts one. */
export const ELEMENT = 100;

/** Weight of one element. An item of a packed list has the weight 1. */
export const ELEMENT = 100;

/** cel-go's `sets`. */
export const SETS = `
set_contains: sets.contains(list(A), list(A)) bool
set_equivalent: sets.equivalent(list(A), list(A)) bool
set_intersects: sets.intersects(list(A), list(A)) bool
`;

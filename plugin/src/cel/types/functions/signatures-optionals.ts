/** cel-go's optional types (`optMap` and `optFlatMap` are macros). */
export const OPTIONALS = `
optional_of: optional.of(A) optional(A)
optional_of_non_zero: optional.ofNonZeroValue(A) optional(A)
optional_none: optional.none() optional(A)
optional_unwrap: optional.unwrap(list(optional(A))) list(A)
optional_unwrap: list(optional(A)).unwrapOpt() list(A)
optional_has_value: optional(A).hasValue() bool
optional_value: optional(A).value() A !
optional_or_value: optional(A).orValue(A) A
optional_or: optional(A).or(optional(A)) optional(A)
`;

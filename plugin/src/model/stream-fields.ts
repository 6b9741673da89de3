import type { DescField } from "@bufbuild/protobuf";

/** Returns true for the field of a response with the position of the follower. */
export const isPosition = (field: DescField): boolean => field.message?.typeName === "bff.v1.Position";

/** Returns true for the field of a response that lists the parts that have arrived. */
export const isPart = (field: DescField): boolean => field.message?.typeName === "bff.v1.Part";

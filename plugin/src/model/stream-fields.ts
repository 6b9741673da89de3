import type { DescField } from "@bufbuild/protobuf";

/** Whether it is where a response tells a follower where it stands. */
export const isPosition = (field: DescField): boolean => field.message?.typeName === "bff.v1.Position";

/** Whether it is where a response tells which of its parts have arrived. */
export const isPart = (field: DescField): boolean => field.message?.typeName === "bff.v1.Part";

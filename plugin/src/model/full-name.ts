import type { DescMethod } from "@bufbuild/protobuf";

/** `package.Service/Method` */
export const fullName = (method: DescMethod): string => `${method.parent.typeName}/${method.name}`;

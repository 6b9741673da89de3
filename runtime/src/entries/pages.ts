// `@protobff/runtime/pages`: the sealer of page tokens, whose keys the environment has.
export { openPages } from "../environment/open-pages.ts";
export { Sealer } from "../sealing/sealer.ts";

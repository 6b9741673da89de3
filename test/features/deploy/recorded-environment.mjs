// `node --import` it: what variables the process reads of its environment is written to the file RECORDED when it ends.
import { writeFileSync } from "node:fs";

const read = new Set();
const { RECORDED, ...rest } = process.env;
process.env = new Proxy(rest, {
  get: (target, name) => {
    if (typeof name === "string") read.add(name);
    return target[name];
  },
  // Whether it is there, as Object.hasOwn asks.
  getOwnPropertyDescriptor: (target, name) => {
    if (typeof name === "string") read.add(name);
    return Reflect.getOwnPropertyDescriptor(target, name);
  },
});
process.on("exit", () => writeFileSync(RECORDED, JSON.stringify([...read])));

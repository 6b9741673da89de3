import { expect, test } from "vitest";
import { Followers } from "./followers.ts";

const follower = () => {
  const told = Promise.withResolvers<void>();
  return { drain: told.resolve, told: told.promise };
};

test("no more than there may be, and whoever leaves makes room", () => {
  const followers = new Followers(2);
  const [first, second, third] = [follower(), follower(), follower()];
  expect([first, second, third].map((one) => followers.enter(one))).toEqual([true, true, false]);
  followers.leave(first);
  followers.leave(first);
  expect([followers.count, followers.enter(third), followers.enter(first)]).toEqual([1, true, false]);
});

test("draining tells the first at once, the others over the time, and none that has left", async () => {
  const followers = new Followers(100);
  const all = Array.from({ length: 50 }, follower);
  let count = 0;
  for (const one of all) {
    followers.enter(one);
    one.told.then(() => count++);
  }
  const left = all.pop();
  if (left !== undefined) followers.leave(left);
  followers.drain(200);
  expect(followers.draining).toBe(true);
  await all[0]?.told;
  expect(count).toBeLessThan(40);
  await Promise.all(all.map(({ told }) => told));
  expect(count).toBe(49);
});

test("where there is no time, all are told at once", async () => {
  const followers = new Followers(100);
  let count = 0;
  for (let i = 0; i < 50; i++) followers.enter({ drain: () => count++ });
  followers.drain(0);
  expect(count).toBe(50);
});

// Scripts of tagged answers in Redis. Numbers of purges are whole and below 2^53, as text: Lua would print them rounded.
import { script } from "../redis/redis-script.ts";

/** Value of a tag outlives answers, which are used for 24 h at most. In milliseconds. */
const TAG_MS = 48 * 3_600_000;

/** Returns the number of the last purge. A missing one starts at the clock, above all earlier numbers. */
const COUNTER = `
local function counter(key)
  local last = redis.call('GET', key)
  if last then return last end
  local now = redis.call('TIME')
  last = string.format('%.0f', now[1] * 1000000 + now[2])
  redis.call('SET', key, last)
  return last
end
local function tagKeys(names)
  local keys = {}
  for i, name in ipairs(names) do keys[i] = ARGV[1] .. name end
  return keys
end`;

/** KEYS: an entry. Returns the rest of its time in milliseconds, and its bytes. */
export const READ_ENTRY = script("return {redis.call('PTTL', KEYS[1]), redis.call('GET', KEYS[1])}");

/** KEYS: counter. Returns its value. */
export const READ_COUNTER = script(`${COUNTER}
return counter(KEYS[1])`);

/**
 * KEYS: counter, entry. ARGV: prefix of tags, run_id. Returns the counter, and for a current entry the rest of its
 * time in milliseconds and its bytes.
 */
export const LOOK_UP = script(`${COUNTER}
local last = counter(KEYS[1])
if redis.call('TYPE', KEYS[2]).ok ~= 'hash' then return {last} end
local entry = redis.call('HMGET', KEYS[2], 'run', 'tags', 'values', 'answer')
if entry[1] ~= ARGV[2] or not entry[4] then return {last} end
local names, values = cjson.decode(entry[2]), cjson.decode(entry[3])
local now = redis.call('MGET', unpack(tagKeys(names)))
for i, value in ipairs(values) do if now[i] ~= value then return {last} end end
return {last, redis.call('PTTL', KEYS[2]), entry[4]}`);

/**
 * KEYS: counter, entry. ARGV: prefix of tags, run_id, counter at the beginning of the fetch, lifetime in milliseconds,
 * answer, names of the tags as JSON. Keeps the answer unless one of its tags has a later purge.
 */
export const STORE = script(`${COUNTER}
local last, names = counter(KEYS[1]), cjson.decode(ARGV[6])
local keys = tagKeys(names)
local values = redis.call('MGET', unpack(keys))
for i = 1, #keys do
  if not values[i] then
    if last ~= ARGV[3] then return 0 end
    values[i] = last
  elseif tonumber(values[i]) > tonumber(ARGV[3]) then return 0 end
end
for i, key in ipairs(keys) do redis.call('SET', key, values[i], 'PX', ${TAG_MS}) end
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[2], 'run', ARGV[2], 'tags', ARGV[6], 'values', cjson.encode(values), 'answer', ARGV[5])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return 1`);

/** KEYS: counter. ARGV: prefix of tags, channel, names as JSON. Purges the tags, and publishes number and names. */
export const PURGE = script(`${COUNTER}
counter(KEYS[1])
redis.call('INCR', KEYS[1])
local last = redis.call('GET', KEYS[1])
for i, key in ipairs(tagKeys(cjson.decode(ARGV[3]))) do redis.call('SET', key, last, 'PX', ${TAG_MS}) end
redis.call('PUBLISH', ARGV[2], '[' .. last .. ',' .. ARGV[3] .. ']')
return last`);

/**
 * Returns what changes with each restart, promotion and demotion of the server. (Its `run_id` does not change if it is
 * demoted and promoted again.) An answer stored in another run may be older than a purge that was lost in between.
 */
const RUN = `${COUNTER}
local info = redis.call('INFO', 'replication')
local run = string.match(info, 'role:master') and string.match(info, 'master_replid:(%w+)')
if not run then return redis.error_reply('READONLY the server is no primary') end`;

/** KEYS: counter, tags. Returns the run, the counter and the values of the tags. */
export const TAG_VALUES = script(`${RUN}
local reply = {run, counter(KEYS[1])}
for i = 2, #KEYS do reply[i + 1] = redis.call('GET', KEYS[i]) or '' end
return reply`);

/**
 * KEYS: counter, tags. ARGV: run and counter at the beginning of the fetch. Returns the values of the tags, which are kept;
 * 0 if one of them has a later purge.
 */
export const KEEP_TAGS = script(`${RUN}
if run ~= ARGV[1] then return 0 end
local last, values = counter(KEYS[1]), {}
for i = 2, #KEYS do
  local value = redis.call('GET', KEYS[i])
  if not value then
    if last ~= ARGV[2] then return 0 end
    value = last
  elseif tonumber(value) > tonumber(ARGV[2]) then return 0 end
  values[i - 1] = value
end
for i = 2, #KEYS do redis.call('SET', KEYS[i], values[i - 1], 'PX', ${TAG_MS}) end
return values`);

/** KEYS: counter, tags. ARGV: channel, names as JSON. Purges the tags, and publishes number and names. */
export const PURGE_TAGS = script(`${RUN}
counter(KEYS[1])
redis.call('INCR', KEYS[1])
local last = redis.call('GET', KEYS[1])
for i = 2, #KEYS do redis.call('SET', KEYS[i], last, 'PX', ${TAG_MS}) end
redis.call('PUBLISH', ARGV[1], '[' .. last .. ',' .. ARGV[2] .. ']')
return last`);

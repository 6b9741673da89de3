// JSON.parse reads a key that is one escape as a backslash, once an object of the same shape had that key. See v8-json-keys.md.
const key = (text) => Object.keys(JSON.parse(text)).at(-1);

console.log(JSON.stringify(key(String.raw`{"a":1,"\u0041":2}`)), "before");
JSON.parse(String.raw`{"a":1,"\\":2}`);
console.log(JSON.stringify(key(String.raw`{"a":1,"\u0041":2}`)), "after");

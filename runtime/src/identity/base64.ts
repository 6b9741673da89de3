/**
 * RFC 4648, 4 and 5, where the padding may be left out. Node reads over what is none: two values joined would be one, and each text had many
 * spellings.
 */
export const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
export const BASE64URL = /^[A-Za-z0-9_-]+={0,2}$/;

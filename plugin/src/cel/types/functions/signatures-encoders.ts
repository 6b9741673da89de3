/** cel-go's `encoders`. */
export const ENCODERS = `
base64_encode: base64.encode(bytes) string
base64_decode: base64.decode(string) bytes !
`;

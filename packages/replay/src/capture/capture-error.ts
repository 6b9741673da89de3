/** A file that is no capture, or none that this version can read. The message names the file, the place and a remedy. */
export class CaptureError extends Error {}

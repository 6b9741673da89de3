package principal

import (
	"encoding/binary"
	"errors"
)

var errWire = errors.New("cannot be read")

// read gives each field of a message in Protocol Buffers' encoding: a number, or the bytes of a text, bytes or message.
func read(bytes []byte, each func(field, number uint64, value []byte)) error {
	for len(bytes) > 0 {
		tag, size := binary.Uvarint(bytes)
		if size <= 0 || tag>>3 == 0 || tag>>3 > 1<<29-1 {
			return errWire
		}
		bytes = bytes[size:]
		skip := 0
		switch tag & 7 {
		case 0:
			number, size := binary.Uvarint(bytes)
			if size <= 0 {
				return errWire
			}
			each(tag>>3, number, nil)
			skip = size
		case 1:
			skip = 8
		case 2:
			length, size := binary.Uvarint(bytes)
			if size <= 0 || length > uint64(len(bytes)-size) {
				return errWire
			}
			skip = size + int(length)
			each(tag>>3, 0, bytes[size:skip])
		case 5:
			skip = 4
		default: // groups, which these messages do not have
			return errWire
		}
		if skip > len(bytes) {
			return errWire
		}
		bytes = bytes[skip:]
	}
	return nil
}

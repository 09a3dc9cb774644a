// Package jsonx holds the few decoders with which the SDK reads HubSpot's JSON leniently: ids that are strings in one
// answer and numbers in the next, objects that arrive as bare strings, times that arrive as milliseconds, and keys that
// nobody has documented yet. Encoding stays strict and is left to encoding/json, but for HTML escaping, which only makes
// rich text longer.
package jsonx

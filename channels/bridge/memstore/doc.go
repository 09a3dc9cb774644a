// Package memstore keeps a bridge's queue, its mappings and its OAuth tokens in memory: for tests, demonstrations and
// programs whose messages may be lost when they end. It behaves as package sqlstore does in all else, which
// bridgetest.RunStore checks for both.
package memstore

// Package messages says what passes between customers and agents: messages, their attachments and their state.
package messages

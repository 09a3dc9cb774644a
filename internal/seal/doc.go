// Package seal encrypts what must not lie in a database in the clear: OAuth tokens and the credentials of accounts.
//
// A [Ring] holds one or more AES-256 keys. The first key seals; every key opens. Sealed bytes name the key that made
// them, so keys can be added and retired while the data is in use:
//
//  1. Add a key in second place and restart every node: now all of them can open what it will seal.
//  2. Move it to the first place and restart again: now it seals.
//  3. Pass every stored value through [Ring.Rewrap], then remove the old key.
//
// On one node, [RotateKeyFile] does the first two steps at once.
//
// Each value is sealed for an owner, a name such as "token/client/24681012". Opening it for another owner fails, so a
// sealed value that is copied from one row to another is of no use there.
package seal

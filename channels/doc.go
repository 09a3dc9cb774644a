// Package channels registers custom channels with HubSpot and connects accounts to them: who talks, and where.
package channels

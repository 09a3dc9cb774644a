// Package customchannels is the documentation root of an SDK for HubSpot custom channels.
package customchannels

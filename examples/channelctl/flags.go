package main

import (
	"errors"
	"flag"
	"fmt"
	"strconv"
	"strings"

	"github.com/customchannels/customchannels-go/channels"
)

// addressKinds are the short names that address types have on the command line and in tables.
var addressKinds = []struct {
	short string
	typ   channels.IdentifierType
	// normal brings a value into its normal form.
	normal func(string) channels.DeliveryIdentifier
}{
	{"email", channels.TypeEmail, channels.Email},
	{"phone", channels.TypePhone, channels.Phone},
	{"shortcode", channels.TypeShortCode, channels.ShortCode},
	{"opaque", channels.TypeOpaque, channels.Opaque},
}

const addressForms = "email:, phone:, shortcode: or opaque:"

// parseAddress reads an address such as phone:+14155550123. HubSpot's names of the types do as well.
func parseAddress(s string) (channels.DeliveryIdentifier, error) {
	kind, value, _ := strings.Cut(s, ":")
	for _, k := range addressKinds {
		if strings.EqualFold(kind, k.short) || kind == string(k.typ) {
			address := k.normal(value)
			return address, address.Validate()
		}
	}
	return channels.DeliveryIdentifier{}, fmt.Errorf("an address begins with %s", addressForms)
}

// addressText is the form that parseAddress reads.
func addressText(d channels.DeliveryIdentifier) string {
	if d.IsZero() {
		return ""
	}
	return typeText(d.Type) + ":" + d.Value
}

func typeText(t channels.IdentifierType) string {
	for _, k := range addressKinds {
		if k.typ == t {
			return k.short
		}
	}
	return string(t)
}

func addressVar(fs *flag.FlagSet, dst *channels.DeliveryIdentifier, name, usage string) {
	fs.Func(name, usage, func(s string) (err error) {
		*dst, err = parseAddress(s)
		return err
	})
}

// parseTypes reads types of addresses, separated by commas.
func parseTypes(s string) ([]channels.IdentifierType, error) {
	var types []channels.IdentifierType
next:
	for name := range strings.SplitSeq(s, ",") {
		name = strings.TrimSpace(name)
		for _, k := range addressKinds {
			if strings.EqualFold(name, k.short) || name == string(k.typ) {
				types = append(types, k.typ)
				continue next
			}
		}
		return nil, fmt.Errorf("%q is not one of email, phone, shortcode and opaque", name)
	}
	return types, nil
}

// stringVar declares a flag that stays nil where it is not given.
func stringVar(fs *flag.FlagSet, dst **string, name, usage string) {
	fs.Func(name, usage, func(s string) error { *dst = &s; return nil })
}

// boolVar declares a flag that stays nil where it is not given.
func boolVar(fs *flag.FlagSet, dst **bool, name, usage string) {
	fs.BoolFunc(name, usage, func(s string) error {
		b, err := parseBool(s)
		*dst = &b
		return err
	})
}

func parseBool(s string) (bool, error) {
	b, err := strconv.ParseBool(s)
	if err != nil {
		return false, errors.New("use true or false")
	}
	return b, nil
}

func isBool(f *flag.Flag) bool {
	b, ok := f.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}

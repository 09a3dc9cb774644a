package jsonx_test

import (
	"fmt"
	"log"

	"github.com/customchannels/customchannels-go/internal/jsonx"
)

func ExampleObject() {
	o, err := jsonx.NewObject([]byte(`{"id": 247729059090, "name": "Ada"}`))
	if err != nil {
		log.Fatal(err)
	}
	for o.Next() {
		fmt.Printf("%s = %s\n", o.Key, o.Value)
	}
	// Output:
	// id = 247729059090
	// name = "Ada"
}

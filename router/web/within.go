package web

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// reach is what an operation concerns: the audience in its path, or those that its
// body names. Whatever is not here and changes something concerns everybody.
const (
	addsOne    = "add-recipient"
	removesOne = "remove-recipient"
)

// onlyOne concern the audience in their path.
var onlyOne = []string{"put-audience", addsOne, removesOne}

var namesThem = []string{"post-update", "send-next", "approve-update", "reject-update"}

// within says whether a caller who may tell only some audiences may do this.
func (d *door) within(who caller, op *huma.Operation, audience string) *refusal {
	if who.audiences == nil || op.Method == http.MethodGet || slices.Contains(namesThem, op.OperationID) {
		return nil
	}
	var no *refusal
	switch {
	case !slices.Contains(onlyOne, op.OperationID):
		no = who.onlyTells("this concerns everybody")
	case !slices.Contains(who.audiences, audience):
		no = who.onlyTells("this concerns another audience")
	}
	if no != nil {
		d.tell(who, no, false)
	}
	return no
}

// onlyTells refuses what goes beyond the audiences that somebody may tell.
func (c caller) onlyTells(why string) *refusal {
	return &refusal{reason: WrongReach, text: c.is + " may send only to " + strings.Join(c.audiences, ", ") + "; " + why}
}

// words says whether a caller may say something to those whom it is for.
func (d *door) words(ctx context.Context, in *updateInput) error {
	who, text := callerOf(ctx), ""
	switch b := in.Body; {
	case who.audiences == nil:
	case b.Corrects > 0:
		text = "a correction goes to whoever got the update; name audiences instead"
	case len(b.Audiences) == 0:
		text = "name the audiences"
	case slices.ContainsFunc(b.Audiences, func(a string) bool { return !slices.Contains(who.audiences, a) }):
		text = "name no others"
	case b.Phase != "":
		text = "a phase concerns everybody; leave it out"
	}
	return d.beyond(who, text)
}

// some says whether a caller may do something to those audiences; none: all.
func (d *door) some(ctx context.Context, audiences []string) error {
	who := callerOf(ctx)
	switch {
	case who.audiences == nil:
	case len(audiences) == 0:
		return d.beyond(who, "name the audiences")
	case slices.ContainsFunc(audiences, func(a string) bool { return !slices.Contains(who.audiences, a) }):
		return d.beyond(who, "name no others")
	}
	return nil
}

// answers says whether a caller may answer for what waits to go to those audiences.
func (d *door) answers(ctx context.Context, audiences []string) error {
	if who := callerOf(ctx); who.audiences != nil && len(audiences) == 0 {
		return d.beyond(who, "this concerns everybody")
	}
	return d.some(ctx, audiences)
}

func (d *door) beyond(who caller, text string) error {
	if text == "" {
		return nil
	}
	no := who.onlyTells(text)
	d.tell(who, no, false)
	return huma.Error403Forbidden(no.text)
}

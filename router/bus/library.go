package bus

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"sitrep/channels"
)

// PutTexts stores what an update says and returns its hash. The same texts are
// stored once.
func (b *Bus) PutTexts(ctx context.Context, texts []channels.Text) (string, error) {
	return b.putContent(ctx, subjectTexts, texts)
}

// PutRoster stores a chunk of recipients and returns its hash. The hash is
// keyed, so that nobody finds out by trying who is in it.
func (b *Bus) PutRoster(ctx context.Context, people []channels.Person) (string, error) {
	return b.putContent(ctx, subjectRosters, people)
}

func (b *Bus) putContent(ctx context.Context, subject string, content any) (string, error) {
	data, err := json.Marshal(content)
	if err != nil {
		return "", fmt.Errorf("encode content: %w", err)
	}
	hash := b.key.Content(data)
	_, err = b.publish(ctx, subject+hash, data, jetstream.WithExpectLastSequencePerSubject(0))
	if err != nil && !outOfTurn(err) {
		return "", fmt.Errorf("store %d bytes at %s: %w", len(data), subject+hash, err)
	}
	return hash, nil
}

// Texts returns texts by their hash.
func (b *Bus) Texts(ctx context.Context, hash string) ([]channels.Text, error) {
	var texts []channels.Text
	return texts, b.content(ctx, streamTexts, subjectTexts+hash, &texts)
}

// Roster returns a chunk of recipients by its hash.
func (b *Bus) Roster(ctx context.Context, hash string) ([]channels.Person, error) {
	var people []channels.Person
	return people, b.content(ctx, streamRosters, subjectRosters+hash, &people)
}

func (b *Bus) content(ctx context.Context, stream, subject string, into any) error {
	msg, err := b.streams[stream].GetLastMsgForSubject(ctx, subject)
	if err != nil {
		return fmt.Errorf("read %s: %w", subject, err)
	}
	if err := json.Unmarshal(msg.Data, into); err != nil {
		return fmt.Errorf("read %s: %w", subject, err)
	}
	return nil
}

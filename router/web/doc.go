// Package web is HTTP in: Alertmanager's webhook and the on-call API.
//
// The webhook is answered 2xx only after what it told is stored. 503 says come
// again, and is the only answer to a store that does not take it: Alertmanager
// retries 5xx and not the rest. 4xx is for what will never be accepted.
//
// Everybody else comes in by the door, which draws who may do what. It tells whom
// it refuses to wait; never Alertmanager.
//
// Another configuration is another server, which knows what the one before knew of
// its callers: reload.go.
//
// Reads are answered from pictures that the router published after its last
// commit; they never wait for the router, nor for the store.
package web

// Package web is HTTP in: Alertmanager's webhook and the on-call API.
//
// The webhook is answered 2xx only after what it told is stored. 503 says come
// again, and is the only answer to a store that does not take it: Alertmanager
// retries 5xx and not the rest. 4xx is for what will never be accepted.
//
// Reads are answered from pictures that the router published after its last
// commit; they never wait for the router, nor for the store.
package web

package policies

// access reads who may call the API. A block without tokens would let nobody
// in, which is not what its author meant.
func (l *loader) access(v value) {
	o, ok := l.object(v, "tokens")
	if !ok {
		return
	}
	a := &Access{}
	seen := map[string]place{}
	const hint = "add a token, or remove the block: the API then answers on loopback addresses only"
	for _, item := range l.someOf(o.need("tokens", hint), hint) {
		t, ok := l.object(item, "name", "role", "token", "token_file")
		if !ok {
			continue
		}
		token := Token{Token: l.secret(t, "token", true)}
		token.Name, _ = l.named(t.need("name", "give the token a name"), "tokens", seen)
		role, _ := l.oneOf(t.need("role", "known here: alerts, viewer, responder, admin"), "role",
			[]string{string(RoleAlerts), string(RoleViewer), string(RoleResponder), string(RoleAdmin)})
		token.Role = Role(role)
		a.Tokens = append(a.Tokens, token)
	}
	l.cfg.Access = a
}

func (l *loader) watchdogs(v value) {
	for _, item := range l.list(v) {
		o, ok := l.object(item, "matchers", "absent_for")
		if !ok {
			continue
		}
		w := Watchdog{Matchers: l.matchers(o.need("matchers", `write matchers: ['alertname="Watchdog"']`))}
		w.AbsentFor, _ = l.duration(o.need("absent_for", "write how long it may be absent, such as 15m"), false)
		l.cfg.Watchdogs = append(l.cfg.Watchdogs, w)
	}
}

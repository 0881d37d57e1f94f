package bus_test

import (
	"strings"
	"testing"
	"time"

	"sitrep/channels"
)

// covering makes an update a combined one of others.
func covering(covered ...[]channels.Part) func(*channels.Part) {
	return func(p *channels.Part) {
		p.Kind, p.Audience, p.Team = "combined", covered[0][0].Audience, covered[0][0].Team
		for _, parts := range covered {
			p.Covers = append(p.Covers, channels.Cover{Incident: parts[0].Incident, Audience: parts[0].Audience, Update: parts[0].Update})
		}
	}
}

func to(audience string) func(*channels.Part) {
	return func(p *channels.Part) { p.Audience = audience }
}

func toTeam(p *channels.Part) { p.Audience, p.Team, p.Kind = "communication", true, "nudge" }

// An audience, a team that is called the same, and combined updates of either
// do not supersede each other; all are offered and found.
func TestWhoIsToldIsKeptApart(t *testing.T) {
	play(t, func(s *stage) {
		q, err := s.bus.Queue(s.Context(), channels.Email)
		if err != nil {
			t.Fatal(err)
		}
		defer q.Close()
		audience := s.order(channels.Email, people(1), to("communication"))
		team := s.order(channels.Email, people(1), toTeam)
		both := s.order(channels.Email, people(1), covering(audience, audience))
		asked := s.order(channels.Email, people(1), covering(team, team), func(p *channels.Part) { p.Critical = true })
		other := s.order(channels.SMS, people(1), covering(audience))
		for _, c := range []struct {
			p        channels.Part
			covering []channels.Part
		}{{audience[0], both}, {team[0], asked}, {both[0], nil}, {asked[0], nil}} {
			offered, err := q.Next(s.Context(), c.p.Critical)
			if err != nil || offered.Part().ID() != c.p.ID() || len(offered.Part().Covers) != len(c.p.Covers) || offered.Part().Team != c.p.Team {
				t.Fatalf("offered %+v, %v; want %+v", offered.Part(), err, c.p)
			}
			if newer, err := q.Newer(s.Context(), c.p); err != nil || newer {
				t.Errorf("%s is superseded: %v, %v", c.p.ID(), newer, err)
			}
			if p, found, err := q.Part(s.Context(), c.p.Incident, c.p.Update, 0); err != nil || !found || p.ID() != c.p.ID() {
				t.Errorf("%s is not found: %v, %v, %v", c.p.ID(), p, found, err)
			}
			got, err := q.Covering(s.Context(), c.p)
			if err != nil || len(got) != len(c.covering) || len(got) > 0 && got[0].ID() != c.covering[0].ID() {
				t.Errorf("%s is covered by %v, %v", c.p.ID(), got, err)
			}
		}
		for _, p := range []channels.Part{{Incident: "SR-1", Update: 99}, {Incident: "SR-2", Update: 1}, {Incident: "SR-1", Update: 1, Chunk: 1}, other[0]} {
			if _, found, err := q.Part(s.Context(), p.Incident, p.Update, p.Chunk); err != nil || found {
				t.Errorf("%s is found by mail: %v, %v", p.ID(), found, err)
			}
		}
		// Each is superseded by one of its own.
		s.order(channels.Email, people(1), toTeam)
		for _, c := range []struct {
			p    channels.Part
			want bool
		}{{audience[0], false}, {team[0], true}, {both[0], false}, {asked[0], true}} {
			if newer, err := q.Newer(s.Context(), c.p); err != nil || newer != c.want {
				t.Errorf("after a newer one to the team %s is superseded: %v, %v", c.p.ID(), newer, err)
			}
		}
	})
}

// Somebody is on the board and in the management, where the one hears of two
// incidents. His combined update is tried until each that it covers has a newer
// one, and stays what he gets until then.
func TestACombinedUpdateIsSupersededOnceAllItCoversAre(t *testing.T) {
	other := func(p *channels.Part) { p.Incident, p.Audience = "SR-2", "management" }
	play(t, func(s *stage) {
		s.down()
		w := s.work(channels.Email)
		defer w.stop()
		all := people(3)
		board := s.order(channels.Email, without(all, 0, 1))
		management := s.order(channels.Email, without(all, 0, 1)[:1], other)
		both := s.order(channels.Email, all[:1], covering(board, management))
		time.Sleep(10 * time.Minute)
		// Nobody is left to be told by its own part: it is finished all the same.
		s.expect(s.finished(time.Second, management...), channels.Report{})
		if got := s.receipts()[management[0].ID()]; len(got) != 1 || got[0].Accepted+got[0].Superseded+got[0].Unreached+got[0].Failed != 0 {
			t.Errorf("receipts of a part with nobody: %+v", got)
		}
		if s.record(board[0]).Done != nil || s.record(both[0]).Done != nil {
			t.Fatal("what is tried is finished")
		}

		newest := s.order(channels.Email, without(all, 0, 1), after(board))
		s.expect(s.finished(10*time.Second, board...), channels.Report{Superseded: 2})
		// Neither another combined update nor one of the other incident's board
		// takes the place of what is not covered anew.
		s.order(channels.Email, all[:1], covering(newest))
		s.order(channels.Email, all[1:], func(p *channels.Part) { p.Incident = "SR-2" })
		time.Sleep(time.Minute)
		if s.record(both[0]).Done != nil {
			t.Fatal("superseded while one that it covers has no newer one")
		}
		s.order(channels.Email, without(all, 0, 3), other, func(p *channels.Part) { p.Previous = management[0].Update })
		s.expect(s.finished(10*time.Second, both...), channels.Report{Superseded: 1})
		if n := len(s.mail.Messages()); n > 0 {
			t.Errorf("%d mails", n)
		}
	})
}

// The board hears every half hour, the management every quarter. Who is in both
// gets one mail where both fall due, and once mail is back learns of each that
// he did not get, once.
func TestMissedOverCombinedUpdates(t *testing.T) {
	for name, killed := range map[string]bool{"one worker": false, "a worker killed at each": true} {
		t.Run(name, func(t *testing.T) {
			play(t, func(s *stage) {
				up := s.down()
				m := &mortal{}
				w := s.work(channels.Email, m.put(-1, false))
				all := people(4) // 0 is in both, 1 on the board, 2 and 3 in the management
				var board, management, both []channels.Part
				follows := func(audience string, last []channels.Part) func(*channels.Part) {
					return func(p *channels.Part) {
						if p.Audience = audience; last != nil {
							after(last)(p)
						}
					}
				}
				next := func(n int) {
					if killed {
						m.dead.Store(true)
						w.bury()
						s.restart()
						m = &mortal{}
						w = s.work(channels.Email, m.put(-1, false))
					}
					if n%2 > 0 {
						management = s.order(channels.Email, []channels.Person{all[0], all[2], all[3]}, follows("management", management))
						return
					}
					board = s.order(channels.Email, without(all[:2], 0, 1), follows("board", board))
					management = s.order(channels.Email, without([]channels.Person{all[0], all[2], all[3]}, 0, 1), follows("management", management))
					only := all[0]
					only.ID, only.Phone = "of the address alone", ""
					both = s.order(channels.Email, []channels.Person{only}, covering(board, management))
				}
				for n := range 5 {
					next(n)
					time.Sleep(15 * time.Minute)
				}
				if n := len(s.mail.Messages()); n > 0 {
					t.Fatalf("%d mails while mail was down", n)
				}
				up()
				s.expect(s.finished(time.Hour, both...), channels.Report{Accepted: 1})
				s.finished(time.Hour, append(board, management...)...)
				s.says(0, 4) // two combined ones, and two of the management's own
				s.says(1, 2)
				s.says(2, 4)
				for n := 5; n < 9; n++ {
					next(n)
					time.Sleep(15 * time.Minute)
				}
				s.says(0, 4, 0, 0, 0, 0)
				s.says(1, 2, 0, 0)
				s.says(2, 4, 0, 0, 0, 0)
				for _, m := range s.mail.Messages() {
					if !strings.Contains(m.Header.Get("List-Id"), "<"+map[string]string{mailbox(0): "", mailbox(1): "board"}[m.To]) {
						t.Errorf("to %s: List-Id %s", m.To, m.Header.Get("List-Id"))
					}
				}
				w.stop()
			})
		})
	}
}

// A combined update that is still tried was not missed: who gets a single one
// meanwhile is told nothing of it.
func TestACombinedUpdateThatIsStillTriedIsNotMissed(t *testing.T) {
	play(t, func(s *stage) {
		up := s.down()
		w := s.work(channels.Email)
		defer w.stop()
		board := s.order(channels.Email, without(people(1), 0, 1))
		management := s.order(channels.Email, without(people(1), 0, 1), to("management"))
		both := s.order(channels.Email, people(1), covering(board, management))
		time.Sleep(15 * time.Minute)
		single := s.order(channels.Email, people(1), after(board))
		time.Sleep(time.Minute)
		up()
		s.expect(s.finished(time.Hour, append(both, single...)...), channels.Report{Accepted: 2})
		s.says(0, 0, 0)
	})
}

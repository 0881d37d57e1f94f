package rehearse

// style is how a drawing looks, by day and by night. Colours stand beside each
// other in it twice, since not every viewer of SVG knows variables.
const style = `
text{font-family:system-ui,-apple-system,"Segoe UI","Noto Sans","DejaVu Sans",sans-serif;font-size:12px;fill:#2b3440}
.title{font-size:19px;font-weight:600}.sub,.small,.tick{fill:#66727f}.small,.tick{font-size:11px}.tick{text-anchor:middle}
.date{font-size:12px;font-weight:600}.lane{font-size:14px;font-weight:600}.end{text-anchor:end}
.inside{font-size:11px;fill:#33404d}.event{font-size:11px;fill:#4a5561}
.paper{fill:#ffffff}.stripe{fill:#f5f7f9}.grid{stroke:#e3e8ed}.day{stroke:#b9c3cd}.rule{stroke:#d5dce2}
.eventline{stroke:#7b8794;stroke-dasharray:2 3}.gap{fill:#8793a0;fill-opacity:.16}
.firing{fill:#d9772b}.phase{fill:#dbe3ea}.phase.identified{fill:#c7dcee}.phase.monitoring{fill:#d0e8d7}
.track{fill:#e7ecf0}.used{fill:#5b8fb9}.idle{fill:#b8cbdb}.over{fill:#cf4a43}.breach{stroke:#a32019;stroke-width:2}
.work{fill:#7fa08c}.was{stroke:#4a5561;stroke-width:2;stroke-dasharray:3 2}.decide{fill:#ffffff;stroke:#2b3440;stroke-width:1.5}.cut{fill:#ffffff}.cutedge{stroke:#7b8794;stroke-dasharray:1 3}
.promise{fill:#bcd0e2}.promise.broken{fill:#e26a63}.until{stroke:#7d9cb8;stroke-width:1.5}.until.broken{stroke:#a32019}
.mark{stroke:#ffffff;stroke-width:1.5}.first,.announced,.started{fill:#2166a8}.reopened{fill:#8a3fa0}.progress,.moved{fill:#1f8a5b}.holding{fill:#7b8794}
.overdue,.overrunning{fill:#d9772b}.unconfirmed{fill:#b08a00}.closing,.completed,.cancelled{fill:#2b3440}.other{fill:#4a90a4}
@media (prefers-color-scheme:dark){
text{fill:#dde4eb}.sub,.small,.tick{fill:#93a0ad}.inside{fill:#dde4eb}.event{fill:#b6c1cc}
.paper{fill:#12171c}.stripe{fill:#181f26}.grid{stroke:#252e37}.day{stroke:#485563}.rule{stroke:#36424d}
.eventline{stroke:#8793a0}.gap{fill:#93a0ad;fill-opacity:.18}
.firing{fill:#d98340}.phase{fill:#34414d}.phase.identified{fill:#28465f}.phase.monitoring{fill:#264a35}
.track{fill:#27313a}.used{fill:#5289b5}.idle{fill:#33495c}.over{fill:#c9504a}.breach{stroke:#ff8b84}
.work{fill:#5f8570}.was{stroke:#b6c1cc}.decide{fill:#12171c;stroke:#dde4eb}.cut{fill:#12171c}.cutedge{stroke:#8793a0}
.promise{fill:#2f4a63}.promise.broken{fill:#a8423c}.until{stroke:#6f93b3}.until.broken{stroke:#ff8b84}
.mark{stroke:#12171c}.first,.announced,.started{fill:#5aa2e6}.reopened{fill:#c07ad6}.progress,.moved{fill:#45bd87}.holding{fill:#93a0ad}
.overdue,.overrunning{fill:#e8944d}.unconfirmed{fill:#d6b13a}.closing,.completed,.cancelled{fill:#e8edf2}.other{fill:#6dbbd0}
}`

package policies

import "embed"

// Default holds the configuration that ships, under the folder "default"; it
// is the worked example. Default.ReadFile is a ReadFile for Load.
//
//go:embed all:default
var Default embed.FS

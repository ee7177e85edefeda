// Package image holds the container image to what is promised of it: built by the Dockerfile without a Docker engine,
// small, reproducible, without a shell, run by nobody on a file system that cannot be written.
package image

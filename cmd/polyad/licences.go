package main

import (
	"io"

	"github.com/spf13/cobra"

	"polyad/internal/licences"
)

func (a *app) licencesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "licences",
		Aliases: []string{"licenses"},
		Short:   "The notices of all that polyad is built from",
		Args:    cobra.NoArgs,
	}
	cmd.RunE = a.verb(func(*cobra.Command, []string) error {
		_, err := io.WriteString(a.out, licences.Text)
		return err
	})
	return cmd
}

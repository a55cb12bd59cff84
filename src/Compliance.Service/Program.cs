return await Compliance.Service.CommandLine.Run(args);

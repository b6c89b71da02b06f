package org.trialgate.interop;

import ca.uhn.fhir.batch2.jobs.config.Batch2JobsConfig;
import ca.uhn.fhir.batch2.jobs.export.BulkDataExportProvider;
import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.jpa.api.config.JpaStorageSettings;
import ca.uhn.fhir.jpa.api.config.ThreadPoolFactoryConfig;
import ca.uhn.fhir.jpa.api.dao.IFhirSystemDao;
import ca.uhn.fhir.jpa.batch2.JpaBatch2Config;
import ca.uhn.fhir.jpa.binstore.DatabaseBinaryContentStorageSvcImpl;
import ca.uhn.fhir.jpa.config.HapiJpaConfig;
import ca.uhn.fhir.jpa.config.HibernatePropertiesProvider;
import ca.uhn.fhir.jpa.config.r4.JpaR4Config;
import ca.uhn.fhir.jpa.config.r5.JpaR5Config;
import ca.uhn.fhir.jpa.config.util.HapiEntityManagerFactoryUtil;
import ca.uhn.fhir.jpa.model.config.PartitionSettings;
import ca.uhn.fhir.jpa.model.config.SubscriptionSettings;
import ca.uhn.fhir.jpa.model.dialect.HapiFhirH2Dialect;
import ca.uhn.fhir.jpa.provider.IJpaSystemProvider;
import ca.uhn.fhir.jpa.provider.JpaCapabilityStatementProvider;
import ca.uhn.fhir.jpa.search.DatabaseBackedPagingProvider;
import ca.uhn.fhir.jpa.subscription.channel.config.SubscriptionChannelConfig;
import ca.uhn.fhir.jpa.subscription.match.config.SubscriptionProcessorConfig;
import ca.uhn.fhir.jpa.subscription.match.config.WebsocketDispatcherConfig;
import ca.uhn.fhir.jpa.subscription.match.deliver.email.IEmailSender;
import ca.uhn.fhir.jpa.subscription.submit.config.SubscriptionSubmitterConfig;
import ca.uhn.fhir.jpa.topic.SubscriptionTopicConfig;
import ca.uhn.fhir.rest.api.EncodingEnum;
import ca.uhn.fhir.rest.server.RestfulServer;
import ca.uhn.fhir.rest.server.provider.ResourceProviderFactory;
import ca.uhn.fhir.rest.server.util.ISearchParamRegistry;
import jakarta.persistence.EntityManagerFactory;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import javax.sql.DataSource;
import org.hibernate.dialect.Dialect;
import org.hl7.fhir.dstu2.model.Subscription.SubscriptionChannelType;
import org.springframework.beans.factory.config.AutowireCapableBeanFactory;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.elasticsearch.ElasticsearchRestClientAutoConfiguration;
import org.springframework.boot.autoconfigure.quartz.QuartzAutoConfiguration;
import org.springframework.boot.autoconfigure.thymeleaf.ThymeleafAutoConfiguration;
import org.springframework.boot.web.servlet.ServletRegistrationBean;
import org.springframework.boot.web.servlet.context.ServletWebServerApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Primary;
import org.springframework.orm.jpa.JpaTransactionManager;
import org.springframework.orm.jpa.LocalContainerEntityManagerFactoryBean;
import org.springframework.transaction.annotation.EnableTransactionManagement;

/**
 * A HAPI FHIR JPA server as a hospital runs it: Subscriptions (criteria, topics, WebSocket), history, search; open, on 127.0.0.1 only.
 *
 * <p>Arguments, each NAME=VALUE: release=r4|r5 (r4), port=N (0: any free one), database=PATH (a file that outlives the process; without:
 * memory). Prints its base URL as the only line of standard output when it answers, and ends with its standard input, so that it never
 * outlives a test.
 */
public final class HapiServer {

    @Configuration
    @Import(JpaR4Config.class)
    static class R4 {}

    @Configuration
    @Import(JpaR5Config.class)
    static class R5 {}

    @Configuration
    @EnableTransactionManagement
    @EnableAutoConfiguration(exclude = {
        QuartzAutoConfiguration.class, ThymeleafAutoConfiguration.class, ElasticsearchRestClientAutoConfiguration.class
    })
    @Import({
        HapiJpaConfig.class, ThreadPoolFactoryConfig.class, JpaBatch2Config.class, Batch2JobsConfig.class, SubscriptionTopicConfig.class,
        SubscriptionSubmitterConfig.class, SubscriptionProcessorConfig.class, SubscriptionChannelConfig.class,
        WebsocketDispatcherConfig.class
    })
    static class Server {

        @Bean
        JpaStorageSettings storageSettings() {
            JpaStorageSettings out = new JpaStorageSettings();
            // Part of a hospital's record refers to what was never sent, and order is nobody's promise.
            out.setEnforceReferentialIntegrityOnWrite(false);
            out.setEnforceReferentialIntegrityOnDelete(false);
            return out;
        }

        @Bean
        SubscriptionSettings subscriptionSettings() {
            SubscriptionSettings out = new SubscriptionSettings();
            out.addSupportedSubscriptionType(SubscriptionChannelType.RESTHOOK);
            out.addSupportedSubscriptionType(SubscriptionChannelType.WEBSOCKET);
            out.setSubscriptionChangeQueuedImmediately(true);
            return out;
        }

        @Bean
        PartitionSettings partitionSettings() {
            return new PartitionSettings();
        }

        @Bean
        IEmailSender emailSender() {
            return details -> {};
        }

        @Bean
        DatabaseBinaryContentStorageSvcImpl binaryStorage() {
            return new DatabaseBinaryContentStorageSvcImpl();
        }

        @Bean
        @Primary
        HibernatePropertiesProvider dialect() {
            return new HibernatePropertiesProvider() {
                @Override
                public Dialect getDialect() {
                    return new HapiFhirH2Dialect();
                }
            };
        }

        @Bean
        @Primary
        LocalContainerEntityManagerFactoryBean entityManagerFactory(
                DataSource source, ConfigurableListableBeanFactory beans, FhirContext context, JpaStorageSettings settings) {
            LocalContainerEntityManagerFactoryBean out = HapiEntityManagerFactoryUtil.newEntityManagerFactory(beans, context, settings);
            Map<String, Object> properties = new HashMap<>();
            properties.put("hibernate.dialect", HapiFhirH2Dialect.class.getName());
            properties.put("hibernate.hbm2ddl.auto", "update");
            properties.put("hibernate.jdbc.batch_size", "20");
            properties.put("hibernate.search.enabled", "false");
            out.setPersistenceUnitName("HAPI_PU");
            out.setJpaPropertyMap(properties);
            out.setDataSource(source);
            return out;
        }

        @Bean
        @Primary
        JpaTransactionManager transactionManager(EntityManagerFactory factory) {
            return new JpaTransactionManager(factory);
        }

        @Bean
        ServletRegistrationBean<RestfulServer> fhir(
                IFhirSystemDao<?, ?> system, IJpaSystemProvider systemProvider, ResourceProviderFactory providers,
                JpaStorageSettings settings, ISearchParamRegistry searchParameters, IValidationSupport validation,
                DatabaseBackedPagingProvider paging, BulkDataExportProvider export, AutowireCapableBeanFactory beans) {
            RestfulServer server = new RestfulServer(system.getContext());
            server.registerProviders(providers.createProviders());
            server.registerProvider(systemProvider);
            server.registerProvider(export);
            server.setServerConformanceProvider(new JpaCapabilityStatementProvider(server, system, settings, searchParameters, validation));
            server.setPagingProvider(paging);
            server.setDefaultResponseEncoding(EncodingEnum.JSON);
            beans.autowireBean(server);
            ServletRegistrationBean<RestfulServer> out = new ServletRegistrationBean<>(server, "/fhir/*");
            out.setLoadOnStartup(1);
            return out;
        }
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, String> told = new HashMap<>(Map.of("release", "r4", "port", "0", "database", ""));
        for (String argument : arguments) {
            String[] parts = argument.split("=", 2);
            if (parts.length != 2 || told.put(parts[0], parts[1]) == null) {
                System.err.println("usage: HapiServer [release=r4|r5] [port=N] [database=PATH]");
                System.exit(2);
            }
        }
        Properties properties = new Properties();
        properties.put("server.address", "127.0.0.1");
        properties.put("server.port", told.get("port"));
        properties.put("spring.main.allow-circular-references", "true");
        properties.put("spring.main.banner-mode", "off");
        properties.put("spring.jpa.open-in-view", "false");
        properties.put("spring.datasource.username", "sa");
        // WRITE_DELAY=0: what was answered with success survives a kill; H2 itself would write it up to half a second later.
        String file = told.get("database");
        properties.put("spring.datasource.url",
                file.isEmpty() ? "jdbc:h2:mem:hapi;DB_CLOSE_DELAY=-1" : "jdbc:h2:file:" + file + ";WRITE_DELAY=0");
        SpringApplication application = new SpringApplication(Server.class, told.get("release").equals("r5") ? R5.class : R4.class);
        application.setDefaultProperties(properties);
        ServletWebServerApplicationContext running = (ServletWebServerApplicationContext) application.run();
        System.out.println("http://127.0.0.1:" + running.getWebServer().getPort() + "/fhir");
        System.out.flush();
        while (System.in.read() >= 0) {
            // Only the end of it matters.
        }
        System.exit(0);
    }
}
